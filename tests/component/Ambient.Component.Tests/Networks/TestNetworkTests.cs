using System.Net;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Networks;

/// <summary>The kit that other tests stand on: reachability, captures, removal.</summary>
public sealed class TestNetworkTests
{
    private const string Echo = """
        require('http').createServer((q, s) => q.pipe(s)).listen({ host: '::', port: 7000 }, () => console.log('listening'));
        """;

    [RequiresToolFact("node, tcpdump, curl, nsenter, setsid", root: true)]
    public async Task Pods_OnTwoNodes_ReachEachOtherInBothFamiliesAndAreSeenByCaptures()
    {
        await using var network = new TestNetwork();
        VirtualPod client = network.AddNode("node1").AddPod("client");
        VirtualPod server = network.AddNode("node2").AddPod("server");
        Peer echo = await network.Start(server, "echo", "node", "-e", Echo).ReadyOnLineAsync("listening");
        await echo.ReadyOnPortAsync(IPAddress.Loopback, 7000);
        await using PacketCapture capture = await network.CaptureAsync(network.FabricName, "bridge");

        foreach (string address in new[] { server.Address.ToString(), "[" + server.AddressV6 + "]" })
        {
            string answer = await network.RunAsync(client, "curl", "-sS", "-m", "5", "-d", "marker-in-the-open", "http://" + address + ":7000/");
            Assert.Equal("marker-in-the-open", answer);
        }

        IReadOnlyList<CapturedPacket> packets = await capture.StopAsync();
        IReadOnlyList<CapturedPacket> open = PacketCapture.Containing(packets, "marker-in-the-open");
        Assert.Contains(open, p => Equals(p.Source?.Address, client.Address) && p.Destination?.Port == 7000);
        Assert.Contains(open, p => Equals(p.Source?.Address, client.AddressV6) && p.Destination?.Port == 7000);
        Assert.Empty(PacketCapture.Containing(packets, "nobody sent this"));
    }

    [RequiresRootFact]
    public async Task Network_Disposed_LeavesNeitherNamespacesNorProcessesNorFiles()
    {
        string pod;
        string directory;
        int process;
        await using (var network = new TestNetwork())
        {
            VirtualPod sleeper = network.AddPod("sleeper");
            pod = sleeper.NamespaceName;
            directory = network.Directory;

            // A program that ignores the polite signal and has a child in another session.
            Peer peer = network.Start(sleeper, "stubborn", "sh", "-c", "trap '' TERM; echo up; setsid sleep 1000 & wait; sleep 1000");
            await peer.ReadyOnLineAsync("up");
            process = peer.Process.Id;
            Assert.True(File.Exists("/run/netns/" + pod));
        }

        Assert.False(File.Exists("/run/netns/" + pod));
        Assert.False(Directory.Exists(directory));
        Assert.False(Directory.Exists("/etc/netns/" + pod));
        Assert.False(Directory.Exists("/proc/" + process));
    }

    [RequiresRootFact]
    public async Task Leftovers_OfADeadRun_AreRemovedAndLivingRunsAreNot()
    {
        await using var living = new TestNetwork();
        VirtualPod kept = living.AddPod("kept");

        // A run whose owner never existed in this boot: same process id as ours, other start time.
        var dead = new RunId("ambt", Environment.ProcessId, 1) { Sequence = 1 };
        string name = dead.NameOf("node1");
        Command.Run("ip", ["netns", "add", name]).OrThrow();
        RunningProcess orphan = RunningProcess.Start(new ProcessPlan("orphan", "sleep", "1000") { NamespaceName = name, LogPath = Path.GetTempFileName() });
        await Eventually.TrueAsync(() => Leftovers.ProcessesIn([name]).Contains(orphan.Id));

        // Another test's network, made at this moment, may have removed it already.
        _ = Leftovers.Remove("ambt");

        Assert.False(File.Exists("/run/netns/" + name));
        await orphan.Exited.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System);
        Assert.True(File.Exists("/run/netns/" + kept.NamespaceName));
    }

    [RequiresRootFact]
    public async Task Pod_Removed_TakesItsProcessesWithIt()
    {
        await using var network = new TestNetwork();
        VirtualPod pod = network.AddPod("victim");
        Peer sleeper = network.Start(pod, "sleeper", "sleep", "1000");
        await Eventually.TrueAsync(() => Leftovers.ProcessesIn([pod.NamespaceName]).Count == 1);

        pod.Node.RemovePod(pod);

        await sleeper.Process.Exited.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System);
        Assert.False(File.Exists("/run/netns/" + pod.NamespaceName));
    }

    [RequiresRootFact]
    public async Task Peer_ThatEndsBeforeItIsReady_FailsWithItsLog()
    {
        await using var network = new TestNetwork();
        Peer peer = network.Start(network.AddPod("pod"), "short", "sh", "-c", "echo the reason why; exit 3");

        TimeoutException failure = await Assert.ThrowsAsync<TimeoutException>(() => peer.ReadyOnLineAsync("ready"));

        Assert.Contains("ended with 3", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the reason why", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ambt-12-345-1-node1", true, "node1")]
    [InlineData("ambt-12-345-1-pod-with-dashes", true, "pod-with-dashes")]
    [InlineData("ambt-12-345-1", true, "")]
    [InlineData("ambt-12-345", false, "")]
    [InlineData("cni-0a1b2c3d-1-2-3", false, "")]
    [InlineData("", false, "")]
    [InlineData("----", false, "")]
    [InlineData("AMBT-1-2-3-x", false, "")]
    public void RunId_Names_AreRecognised(string name, bool ours, string part)
    {
        Assert.Equal(ours, RunId.TryParse(name, out RunId? run, out string found));
        Assert.Equal(part, found);
        if (ours)
        {
            Assert.StartsWith(run!.Text, name, StringComparison.Ordinal);
        }
    }
}

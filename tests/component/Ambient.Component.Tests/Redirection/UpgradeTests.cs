using System.Net.Sockets;
using Ambient.Cni.Agent.Kernel;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Redirection.Rules;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Redirection;

/// <summary>
/// Redirection by sockets in ingress mode: connections from outside reach the application past the proxy, and versions before the chain that has the last word
/// tracked none of them. Replacing their rules must not take the word from whoever speaks first.
/// </summary>
public sealed class UpgradeTests
{
    private const int Port = 8080;
    private const int Meanwhile = 300;
    private const int MostSpared = 1000;

    // As they were written: nothing from outside is tracked, nor what answers it, and no chain judges what leaves.
    private const string Older = """
        flush chain inet ambient-redirection filter-output
        delete chain inet ambient-redirection filter-output
        flush chain inet ambient-redirection raw-prerouting
        add rule inet ambient-redirection raw-prerouting iifname != "lo" meta l4proto tcp counter notrack
        insert rule inet ambient-redirection raw-output meta l4proto tcp meta mark and 0xfff == 0x112 counter notrack

        """;

    [RequiresRootTheory("nft")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ApplicationsThatSpeakFirst_GoOnSpeaking_AndNothingElseIsSpared(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        var kernel = new PodKernel(new PodKernelOptions { Method = RedirectionMethod.Sockets }, new NetlinkGuard());
        var rules = new Cni.Agent.Pods.PodRules(new PodSettings { IngressMode = true }, DnsCapture: true, [f.Captured.Address, f.Captured.AddressV6]);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, Port);
        await OlderAsync(f, kernel, rules);

        // The last word is the client's: it owes nothing, so nothing of it makes the connection known.
        (Socket client, Socket served) = await ConnectAsync(f, application);
        using (client)
        using (served)
        {
            await PodSocket.SayAsync(client, "word");
            Assert.Equal("word", await PodSocket.HearAsync(served, 4));

            // One of the application's own, of which its proxy knows nothing any more.
            Socket proxy = f.Proxy(15001);
            using Socket outbound = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
            using (Socket inside = await PodSocket.AcceptAsync(proxy, "the proxy"))
            {
                inside.LingerState = new LingerOption(enable: false, 0);
            }

            proxy.Dispose();

            Assert.Equal(KernelState.Different, (await kernel.InspectAsync(f.Pod, rules, CancellationToken.None)).Kernel);
            Task<List<(Socket Client, Socket Served)>> connecting = Task.Run(async () =>
            {
                List<(Socket Client, Socket Served)> all = [];
                for (int made = 0; made < Meanwhile; made++)
                {
                    all.Add(await ConnectAsync(f, application));
                }

                return all;
            });
            await OkAsync(kernel.ApplyAsync(f.Pod, rules, isJoining: false, CancellationToken.None));
            List<(Socket Client, Socket Served)> meanwhile = await connecting;
            foreach ((Socket one, Socket other) in meanwhile.Prepend((client, served)))
            {
                await PodSocket.SayAsync(other, "tale");
                Assert.Equal("tale", await PodSocket.HearAsync(one, 4));
            }

            meanwhile.ForEach(c =>
            {
                c.Client.Dispose();
                c.Served.Dispose();
            });
            Assert.Equal(KernelState.Applied, (await kernel.InspectAsync(f.Pod, rules, CancellationToken.None)).Kernel);
            IReadOnlyList<Flow> spared = kernel.SparedIn(new(f.Pod.Device, f.Pod.Inode));
            Assert.Contains(new Flow(PodSocket.PeerOf(client), PodSocket.PeerOf(served)), spared);
            Assert.All(spared, s => Assert.Equal(Port, s.Local.Port));
        }
    }

    /// <summary>Every packet that leaves is compared with each of them.</summary>
    [RequiresRootFact("nft")]
    public async Task ConnectionsThatAreSpared_AreSoMany_AndNoMore()
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6: false);
        var kernel = new PodKernel(new PodKernelOptions { Method = RedirectionMethod.Sockets }, new NetlinkGuard());
        var rules = new Cni.Agent.Pods.PodRules(new PodSettings { IngressMode = true }, DnsCapture: true, [f.Captured.Address]);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, Port);
        await OlderAsync(f, kernel, rules);
        List<(Socket Client, Socket Served)> all = [];
        try
        {
            for (int made = 0; made < MostSpared + 20; made++)
            {
                all.Add(await ConnectAsync(f, application));
            }

            await OkAsync(kernel.ApplyAsync(f.Pod, rules, isJoining: false, CancellationToken.None));
            Flow[] connected = [.. all.Select(static pair => new Flow(PodSocket.PeerOf(pair.Client), PodSocket.PeerOf(pair.Served)))];
            IReadOnlyList<Flow> spared = kernel.SparedIn(new(f.Pod.Device, f.Pod.Inode));
            Assert.Equal(MostSpared, spared.Count);
            Assert.Subset(connected.ToHashSet(), spared.ToHashSet());
            Assert.Equal(KernelState.Applied, (await kernel.InspectAsync(f.Pod, rules, CancellationToken.None)).Kernel);
        }
        finally
        {
            all.ForEach(static pair =>
            {
                pair.Client.Dispose();
                pair.Served.Dispose();
            });
        }
    }

    [RequiresRootFact("nft")]
    public async Task RulesOfToday_AreReplaced_AndNothingIsSpared()
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6: false);
        var kernel = new PodKernel(new PodKernelOptions { Method = RedirectionMethod.Sockets }, new NetlinkGuard());
        var rules = new Cni.Agent.Pods.PodRules(new PodSettings { IngressMode = true }, DnsCapture: true, [f.Captured.Address]);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, Port);
        await OkAsync(kernel.ApplyAsync(f.Pod, rules, isJoining: false, CancellationToken.None));
        (Socket client, Socket served) = await ConnectAsync(f, application);
        using (client)
        using (served)
        {
            await OkAsync(kernel.ApplyAsync(f.Pod, rules with { DnsCapture = false }, isJoining: false, CancellationToken.None));
            await PodSocket.SayAsync(served, "tale");
            Assert.Equal("tale", await PodSocket.HearAsync(client, 4));
            Assert.Empty(kernel.SparedIn(new(f.Pod.Device, f.Pod.Inode)));
        }
    }

    private static async Task OlderAsync(RedirectionFixture f, PodKernel kernel, Cni.Agent.Pods.PodRules rules)
    {
        await OkAsync(kernel.ApplyAsync(f.Pod, rules, isJoining: false, CancellationToken.None));
        string file = Path.Combine(f.Network.Directory, "older.nft");
        await File.WriteAllTextAsync(file, Older);
        await f.Network.RunAsync(f.Captured, "nft", "-f", file);
    }

    private static async Task<(Socket Client, Socket Served)> ConnectAsync(RedirectionFixture f, Socket application)
    {
        Socket client = await PodSocket.ConnectAsync(f.Peer, f.P, Port);
        return (client, await PodSocket.AcceptAsync(application, "the application"));
    }

    private static async Task OkAsync(Task<StepResult> step) => Assert.Null((await step).Error);
}

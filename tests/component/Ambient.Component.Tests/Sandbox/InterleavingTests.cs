using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Cli.Sandbox;
using Ambient.Testing.Facts;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Xunit.Abstractions;

namespace Ambient.Component.Tests.Sandbox;

/// <summary>
/// A seeded sample of the orders of faults that the agent's unit tests go through completely, here with real processes, real traffic and a capture of
/// everything that enters or leaves pods of the node. AMBIENT_INTERLEAVINGS plays more of them, AMBIENT_SEED others.
/// </summary>
public sealed class InterleavingTests(ITestOutputHelper output)
{
    private static readonly string[] Faults = ["sandbox restart", "agent restart", "proxy restart", "conflist overwritten", "API error", "pod deleted"];
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(400);

    [RequiresRootFact("nft, tcpdump, nginx, redis-server, psql, dig, /usr/lib/cni/bridge")]
    public async Task OrdersOfFaults_NoPlaintextLeavesAPod_AndNoneIsStuck()
    {
        int count = Number("AMBIENT_INTERLEAVINGS", 6), seed = Number("AMBIENT_SEED", 20261121);
        string here = AppContext.BaseDirectory, marker = "open-secret-" + Guid.NewGuid().ToString("N");
        var programs = new SandboxPrograms(Path.Combine(here, "ztunnel"), Path.Combine(here, "ambient-cni-agent"), Path.Combine(here, "ambient-cni"), Path.Combine(here, "ambientd"), Path.Combine(here, "waypoint"), Path.Combine(here, "bookshop"));
        await using SandboxMesh mesh = await SandboxMesh.StartAsync(programs, output.WriteLine, CancellationToken.None);
        VirtualNode node = mesh.Nodes["node1"].Node;

        // The bridge of the node's pods: whatever leaves a pod's interface or comes to it crosses it.
        await using PacketCapture capture = await PacketCapture.StartAsync(node.NamespaceName, "pods", mesh.Directory, "interleaving", "ip", "or", "ip6");
        (int Asked, int Answered) requests;
        await using (var play = new FaultPlay(mesh, marker))
        {
            for (int i = 0; i < count; i++)
            {
                var random = new Random(seed + i);
                string[] order = [.. Faults.OrderBy(_ => random.Next())];
                output.WriteLine($"seed {seed + i}: {string.Join(" → ", order)}");
                foreach (string fault in order)
                {
                    await play.DoAsync(fault);
                    await Task.Delay(LongestPause * random.NextDouble(), TimeProvider.System);
                }

                await play.SettleAsync();
            }

            requests = play.Count;
        }

        // A control packet crosses the same bridge: what is looked for would be found.
        string control = "control-" + Guid.NewGuid().ToString("N");
        using Socket sender = node.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await sender.SendToAsync(Encoding.ASCII.GetBytes(control), new IPEndPoint(mesh.Pod(SandboxLayout.Client).Network.Address, 9));
        await capture.WaitForAsync(control);
        IReadOnlyList<CapturedPacket> packets = await capture.StopAsync();
        CapturedPacket[] plain = [.. packets.Where(p => p.Protocol == 6 && p.Payload.Length > 0 && !p.HasPort(15008) && !mesh.ControlPlane.IsParty(p.Source, p.Destination))];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{requests.Answered} of {requests.Asked} requests answered, {packets.Count} packets, {plain.Length} with bytes past the tunnel"));
        Assert.NotEmpty(PacketCapture.Containing(packets, control));
        Assert.Empty(PacketCapture.Containing(packets, marker));
        Assert.True(plain.Length == 0, string.Join(", ", plain.Take(5).Select(p => $"{p.Source}→{p.Destination} {Encoding.ASCII.GetString(p.Payload.Span[..Math.Min(80, p.Payload.Length)])}")));
        Assert.True(requests.Answered > 10, $"only {requests.Answered} requests were answered");
        Assert.Contains(packets, p => p.HasPort(15008) && p.Payload.Length > 0);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;
}

using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Agent.Probes;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Namespaces;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Redirection;

/// <summary>The node's rules and the pod's together: who of the node gets past the proxy, and where to.</summary>
public sealed class ProbeWalkTests
{
    private const uint Root = 0, Somebody = 4711;
    private const int Probed = 8080, Other = 8081;

    [RequiresRootTheory("nft")]
    [InlineData(PodRules.Nftables, false)]
    [InlineData(PodRules.Nftables, true)]
    [InlineData(PodRules.Sockets, false)]
    [InlineData(PodRules.Sockets, true)]
    public async Task KubeletsUserAlone_ReachesTheProbedPort_AndNoOther(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        RedirectionOptions options = new();
        IPAddress source = ipv6 ? options.ProbeAddressV6 : options.ProbeAddress;
        NetworkNamespace node = f.Captured.Node.Namespace;
        using Socket application = PodSocket.Listen(f.Pod, f.Any, Probed);
        using Socket neighbour = PodSocket.Listen(f.Pod, f.Any, Other);
        using Socket proxy = f.Proxy(15006);

        // This process is root's.
        foreach ((uint kubelet, int port, Socket reached) in new[] { (Root, Probed, application), (Root, Other, proxy), (Somebody, Probed, proxy) })
        {
            using var probes = new NodeProbeRules(node, kubelet, options.ProbeAddress, options.ProbeAddressV6);
            Assert.Null(await probes.AdmitAsync("u", [f.P], [Probed], CancellationToken.None));
            Assert.Null(await probes.SettleAsync(CancellationToken.None));
            using Socket client = await PodSocket.ConnectAsync(node, f.P, port);
            using Socket served = await PodSocket.AcceptAsync(reached, ReferenceEquals(reached, proxy) ? "the proxy" : "the application");
            Assert.Equal(ReferenceEquals(reached, application), PodSocket.PeerOf(served).Address.Equals(source));
        }
    }
}

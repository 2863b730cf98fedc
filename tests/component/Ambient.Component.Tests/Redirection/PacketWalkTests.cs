using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Cni.Redirection.Rules;
using Ambient.Testing.Facts;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Redirection;

/// <summary>The packet walks of cni-and-redirection.md 7, on a real kernel, for every back end and both families.</summary>
public sealed class PacketWalkTests
{
    public static TheoryData<PodRules, bool> Kinds
    {
        get
        {
            var data = new TheoryData<PodRules, bool>();
            foreach (PodRules rules in Enum.GetValues<PodRules>())
            {
                data.Add(rules, false);
                data.Add(rules, true);
            }

            return data;
        }
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task Outbound_ReachesTheProxyAndTheProxyReachesThePeer(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        using Socket proxy = f.Proxy(15001);
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);

        using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
        using Socket inside = await PodSocket.AcceptAsync(proxy, "the proxy");
        Assert.Equal(f.P, PodSocket.PeerOf(inside).Address);
        Assert.Equal(new IPEndPoint(f.C, 80), PodSocket.OriginalDestination(inside));
        Assert.Equal(new IPEndPoint(f.C, 80), app.RemoteEndPoint);

        using Socket onward = await PodSocket.ConnectAsync(f.Pod, f.C, 80, RedirectionFixture.ProxyMark);
        using Socket served = await PodSocket.AcceptAsync(server, "the peer");
        Assert.Equal(f.P, PodSocket.PeerOf(served).Address);
        await EchoAsync(app, inside);
        await EchoAsync(onward, served);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task InboundHbone_IsDeliveredFromTheClientsAddress(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        using Socket proxy = f.Proxy(15008);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);

        using Socket client = await PodSocket.ConnectAsync(f.Peer, f.P, 15008);
        using Socket tunnel = await PodSocket.AcceptAsync(proxy, "the tunnel port");
        Assert.Equal(f.C, PodSocket.PeerOf(tunnel).Address);
        Assert.Equal(new IPEndPoint(f.P, 15008), tunnel.LocalEndPoint);

        using Socket delivery = await PodSocket.ConnectAsync(f.Pod, f.P, 8080, RedirectionFixture.ProxyMark, source: f.C, spoof: true);
        using Socket served = await PodSocket.AcceptAsync(application, "the application");
        Assert.Equal(f.C, PodSocket.PeerOf(served).Address);
        await EchoAsync(delivery, served);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task InboundPlaintext_ReachesTheProxyWithClientAndTarget(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        using Socket proxy = f.Proxy(15006);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);

        using Socket client = await PodSocket.ConnectAsync(f.Peer, f.P, 8080);
        using Socket inside = await PodSocket.AcceptAsync(proxy, "the proxy");
        Assert.Equal(f.C, PodSocket.PeerOf(inside).Address);
        Assert.Equal(new IPEndPoint(f.P, 8080), PodSocket.OriginalDestination(inside));

        using Socket delivery = await PodSocket.ConnectAsync(f.Pod, f.P, 8080, RedirectionFixture.ProxyMark, source: f.C, spoof: true);
        using Socket served = await PodSocket.AcceptAsync(application, "the application");
        Assert.Equal(f.C, PodSocket.PeerOf(served).Address);
        await EchoAsync(client, inside);
        await EchoAsync(delivery, served);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task PodToItself_AndLoopback_AreNotTouched(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);
        IPAddress[] own = ipv6 ? [f.P, f.Loopback] : [f.P, f.Loopback, IPAddress.Parse("127.0.0.2")];
        foreach (IPAddress address in own)
        {
            // Nobody listens on the proxy's ports, so anything redirected would be refused.
            using Socket app = await PodSocket.ConnectAsync(f.Pod, address, 8080);
            using Socket served = await PodSocket.AcceptAsync(application, "the application at " + address);
            await EchoAsync(app, served);
        }
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task Dns_GoesToTheProxyWhoseOwnQueriesDoNot(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        using Socket proxyUdp = PodSocket.Datagram(f.Pod, f.Loopback, 15053, RedirectionFixture.ProxyMark);
        using Socket proxyTcp = PodSocket.Listen(f.Pod, f.Loopback, 15053, RedirectionFixture.ProxyMark);
        using Socket server = PodSocket.Datagram(f.Peer, f.Any, 53);
        var target = new IPEndPoint(f.C, 53);

        // The application asks C and gets an answer that comes from C, though the proxy gave it.
        using Socket app = PodSocket.Datagram(f.Pod, f.P, 40053);
        await app.SendToAsync("question"u8.ToArray(), target);
        (string question, IPEndPoint asker) = await PodSocket.HearDatagramAsync(proxyUdp);
        Assert.Equal("question", question);
        await proxyUdp.SendToAsync("answer"u8.ToArray(), asker);
        (string answer, IPEndPoint from) = await PodSocket.HearDatagramAsync(app);
        Assert.Equal("answer", answer);
        Assert.Equal(target, from);

        // The proxy asks C from the very same address and port: another conntrack zone keeps the two apart.
        using Socket upstream = PodSocket.Datagram(f.Pod, f.P, 40054, RedirectionFixture.ProxyMark);
        await upstream.SendToAsync("upstream"u8.ToArray(), target);
        (string forwarded, IPEndPoint proxy) = await PodSocket.HearDatagramAsync(server);
        Assert.Equal("upstream", forwarded);
        Assert.Equal(f.P, proxy.Address);
        await server.SendToAsync("reply"u8.ToArray(), proxy);
        Assert.Equal("reply", (await PodSocket.HearDatagramAsync(upstream)).Text);

        using Socket overTcp = await PodSocket.ConnectAsync(f.Pod, f.C, 53);
        using Socket inside = await PodSocket.AcceptAsync(proxyTcp, "the proxy's DNS port");
        await EchoAsync(overTcp, inside);

        // A resolver on loopback keeps its queries.
        using Socket local = PodSocket.Datagram(f.Pod, f.Loopback, 53);
        await app.SendToAsync("own"u8.ToArray(), new IPEndPoint(f.P, 53));
        using Socket onAddress = PodSocket.Datagram(f.Pod, f.P, 53);
        using Socket loop = PodSocket.Datagram(f.Pod, f.Loopback, 0);
        await loop.SendToAsync("local"u8.ToArray(), new IPEndPoint(f.Loopback, 53));
        Assert.Equal("local", (await PodSocket.HearDatagramAsync(local)).Text);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task NodesProbe_ReachesTheApplicationDirectly(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        RedirectionOptions options = new();
        IPAddress probe = ipv6 ? options.ProbeAddressV6 : options.ProbeAddress;
        VirtualNode node = f.Captured.Node;
        (await Topology.Processes.Command.RunInAsync(node.NamespaceName, "ip", ["addr", "add", probe + (ipv6 ? "/128" : "/32"), "dev", "pods", .. ipv6 ? new[] { "nodad" } : []])).OrThrow();
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);

        using Socket client = await PodSocket.ConnectAsync(node.Namespace, f.P, 8080, source: probe);
        using Socket served = await PodSocket.AcceptAsync(application, "the application");

        Assert.Equal(probe, PodSocket.PeerOf(served).Address);
        await EchoAsync(client, served);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task IngressPod_GetsPlaintextItselfAndStillSendsThroughTheProxy(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync(new RedirectionOptions { IngressMode = true });
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);
        using Socket outbound = f.Proxy(15001);

        using Socket client = await PodSocket.ConnectAsync(f.Peer, f.P, 8080);
        using Socket served = await PodSocket.AcceptAsync(application, "the application");
        Assert.Equal(f.C, PodSocket.PeerOf(served).Address);
        await EchoAsync(client, served);

        using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
        using Socket inside = await PodSocket.AcceptAsync(outbound, "the proxy");

        // Delivery of tunnelled connections works as everywhere: the marks are there.
        using Socket delivery = await PodSocket.ConnectAsync(f.Pod, f.P, 8080, RedirectionFixture.ProxyMark, source: f.C, spoof: true);
        using Socket delivered = await PodSocket.AcceptAsync(application, "the application");
        Assert.Equal(f.C, PodSocket.PeerOf(delivered).Address);
        await EchoAsync(delivery, delivered);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task VirtualInterface_CountsAsOutbound(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        Assert.True(InterfaceName.TryParse("et+", out InterfaceName? guests));
        await f.ApplyAsync(new RedirectionOptions { VirtualInterfaces = [guests] });
        using Socket outbound = f.Proxy(15001);

        using Socket guest = await PodSocket.ConnectAsync(f.Peer, f.P, 9999);
        using Socket inside = await PodSocket.AcceptAsync(outbound, "the proxy");

        Assert.Equal(new IPEndPoint(f.P, 9999), PodSocket.OriginalDestination(inside));
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task WithoutDnsCapture_QueriesGoTheirWay(PodRules rules, bool ipv6)
    {
        await using var f = new RedirectionFixture(rules, ipv6);
        await f.ApplyAsync();
        await f.ApplyAsync(new RedirectionOptions { DnsCapture = false });
        using Socket server = PodSocket.Datagram(f.Peer, f.Any, 53);
        using Socket app = PodSocket.Datagram(f.Pod, f.P, 0);

        await app.SendToAsync("question"u8.ToArray(), new IPEndPoint(f.C, 53));

        Assert.Equal("question", (await PodSocket.HearDatagramAsync(server)).Text);
    }

    private static async Task EchoAsync(Socket a, Socket b)
    {
        string word = Guid.NewGuid().ToString("N");
        await PodSocket.SayAsync(a, word);
        Assert.Equal(word, await PodSocket.HearAsync(b, word.Length));
        await PodSocket.SayAsync(b, word);
        Assert.Equal(word, await PodSocket.HearAsync(a, Encoding.ASCII.GetByteCount(word)));
    }
}

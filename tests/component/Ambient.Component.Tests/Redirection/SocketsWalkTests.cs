using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Namespaces;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Redirection;

/// <summary>What <see cref="RedirectionMethod.Sockets"/> promises beyond the walks that all methods share.</summary>
public sealed class SocketsWalkTests
{
    public static TheoryData<bool> Families => new(false, true);

    [RequiresRootTheory("nft")]
    [MemberData(nameof(Families))]
    public async Task WithoutAProxy_NothingLeavesAndNobodyIsReached(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 8080);
        await f.ApplyAsync();

        // Both applications listen, so whoever got past the proxy would be served.
        Assert.Equal(SocketError.ConnectionRefused, await RefusedAsync(f.Pod, f.C, 8080));
        Assert.Equal(SocketError.ConnectionRefused, await RefusedAsync(f.Peer, f.P, 8080));
        Assert.Equal(SocketError.ConnectionRefused, await RefusedAsync(f.Peer, f.P, 15008));
    }

    [RequiresRootTheory("nft")]
    [MemberData(nameof(Families))]
    public async Task SocketBoundToAnInterface_IsRefused(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        await f.ApplyAsync();
        using Socket proxy = f.Proxy(15001);
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);

        // Routing rules about loopback are not asked by such a socket.
        using Socket stray = PodSocket.BoundToInterface(f.Pod, f.Family, "eth0");
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => stray.ConnectAsync(new IPEndPoint(f.C, 80)));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [RequiresRootTheory("nft")]
    [MemberData(nameof(Families))]
    public async Task FamilyWithoutAnAddress_IsTranslated(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        RedirectionOptions options = new() { Method = RedirectionMethod.Sockets, PodAddresses = [ipv6 ? f.Captured.Address : f.Captured.AddressV6] };
        var redirection = new PodRedirection(f.Pod, options);
        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
        using Socket proxy = f.Proxy(15001);

        using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
        using Socket inside = await PodSocket.AcceptAsync(proxy, "the proxy");
        Assert.Equal(new IPEndPoint(f.C, 80), PodSocket.OriginalDestination(inside));
        await EchoAsync(app, inside);
    }

    [RequiresRootTheory("nft, conntrack")]
    [MemberData(nameof(Families))]
    public async Task MeshTraffic_IsNotTracked(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        await f.ApplyAsync();
        using Socket outbound = f.Proxy(15001);
        using Socket hbone = f.Proxy(15008);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);

        using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
        using Socket inside = await PodSocket.AcceptAsync(outbound, "the proxy");
        using Socket onward = await PodSocket.ConnectAsync(f.Pod, f.C, 80, RedirectionFixture.ProxyMark);
        using Socket served = await PodSocket.AcceptAsync(server, "the peer");
        using Socket client = await PodSocket.ConnectAsync(f.Peer, f.P, 15008);
        using Socket tunnel = await PodSocket.AcceptAsync(hbone, "the tunnel port");
        using Socket delivery = await PodSocket.ConnectAsync(f.Pod, f.P, 8080, RedirectionFixture.ProxyMark, source: f.C, spoof: true);
        using Socket delivered = await PodSocket.AcceptAsync(application, "the application");

        string tracked = await f.Network.RunAsync(f.Captured, "conntrack", "-L", "-p", "tcp", "-f", ipv6 ? "ipv6" : "ipv4");
        Assert.DoesNotContain("tcp ", tracked, StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft")]
    [MemberData(nameof(Families))]
    public async Task DeliveryToAClosedPort_IsRefused(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        await f.ApplyAsync();
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => PodSocket.ConnectAsync(f.Pod, f.P, 8080, RedirectionFixture.ProxyMark, source: f.C, spoof: true));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [RequiresRootTheory("nft")]
    [MemberData(nameof(Families))]
    public async Task EstablishedConnections_OutliveJoiningAndLeaving(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);
        using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);
        using Socket sent = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
        using Socket sentPeer = await PodSocket.AcceptAsync(server, "the peer");
        using Socket came = await PodSocket.ConnectAsync(f.Peer, f.P, 8080);
        using Socket cameApplication = await PodSocket.AcceptAsync(application, "the application");

        IReadOnlyList<Flow> spared = EstablishedFlows.Read(f.Pod);
        Assert.Equal(2, spared.Count);
        await f.ApplyAsync(new RedirectionOptions { Spared = spared });
        await EchoAsync(sent, sentPeer);
        await EchoAsync(came, cameApplication);

        // A new connection is captured, the old ones still run.
        using Socket proxy = f.Proxy(15001);
        using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
        using Socket inside = await PodSocket.AcceptAsync(proxy, "the proxy");
        await EchoAsync(sent, sentPeer);

        await f.Redirection().RemoveAsync(CancellationToken.None);
        await EchoAsync(sent, sentPeer);
        await EchoAsync(came, cameApplication);
        Assert.DoesNotContain("goto", await f.RulesAsync(), StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft")]
    [MemberData(nameof(Families))]
    public async Task SparedConnectionsThatEnded_LoseTheirRules(bool ipv6)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6);
        Flow flow = new(new IPEndPoint(f.P, 40000), new IPEndPoint(f.C, 80));
        Flow other = flow with { Local = new IPEndPoint(f.P, 40001) };
        await f.ApplyAsync(new RedirectionOptions { Spared = [flow, other] });
        await f.ApplyAsync(new RedirectionOptions { Spared = [other] });

        string rules = await f.RulesAsync();
        Assert.DoesNotContain("sport 40000", rules, StringComparison.Ordinal);
        Assert.Contains("sport 40001", rules, StringComparison.Ordinal);
        Assert.Contains(
            (await f.Redirection().VerifyAsync(CancellationToken.None)).Differences,
            d => d.ToString().Contains("sport 40001", StringComparison.Ordinal));
    }

    [RequiresRootTheory("nft")]
    [InlineData("net/ipv4/tcp_fwmark_accept")]
    [InlineData("net/ipv4/fwmark_reflect")]
    public async Task SwitchTurnedOff_IsNoticedAndRepaired(string name)
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6: false);
        await f.ApplyAsync();
        f.Pod.Run(() =>
        {
            File.WriteAllText("/proc/sys/" + name, "0");
            return true;
        });
        Assert.Contains(name, (await f.Redirection().VerifyAsync(CancellationToken.None)).ToString(), StringComparison.Ordinal);
        await f.ApplyAsync();
    }

    [RequiresRootTheory("nft, iptables-nft")]
    [InlineData(PodRules.Nftables, PodRules.Sockets)]
    [InlineData(PodRules.Sockets, PodRules.Nftables)]
    [InlineData(PodRules.IptablesNft, PodRules.Sockets)]
    [InlineData(PodRules.Sockets, PodRules.IptablesNft)]
    public async Task MethodChanged_LeavesOnlyTheNewOne(PodRules before, PodRules after)
    {
        await using var f = new RedirectionFixture(after, ipv6: false);
        await f.ApplyAsync();
        await f.Redirection(before).ApplyAsync(CancellationToken.None);
        Assert.False((await f.Redirection().VerifyAsync(CancellationToken.None)).IsClean);
        await f.ApplyAsync();
        string rules = await f.RulesAsync();
        Assert.Equal(after == PodRules.IptablesNft, rules.Contains("ISTIO_", StringComparison.Ordinal));
        Assert.Equal(after != PodRules.IptablesNft, rules.Contains("ambient-redirection", StringComparison.Ordinal));
        Assert.Equal(after == PodRules.Sockets, rules.Contains("lookup 101", StringComparison.Ordinal));
    }

    [RequiresRootFact("nft")]
    public async Task Removed_NothingIsLeft()
    {
        await using var f = new RedirectionFixture(PodRules.Sockets, ipv6: false);
        string before = await f.RulesAsync();
        await f.ApplyAsync();
        await f.Redirection().RemoveAsync(CancellationToken.None);
        Assert.Equal(before, await f.RulesAsync());
        Assert.Equal("0", f.Pod.Run(() => File.ReadAllText("/proc/sys/net/ipv4/tcp_fwmark_accept").Trim()));
    }

    private static async Task<SocketError> RefusedAsync(NetworkNamespace from, IPAddress address, int port) =>
        (await Assert.ThrowsAsync<SocketException>(() => PodSocket.ConnectAsync(from, address, port))).SocketErrorCode;

    private static async Task EchoAsync(Socket a, Socket b)
    {
        string word = Random.Shared.NextInt64().ToString("x16", CultureInfo.InvariantCulture);
        await PodSocket.SayAsync(a, word);
        Assert.Equal(word, await PodSocket.HearAsync(b, word.Length));
        await PodSocket.SayAsync(b, word);
        Assert.Equal(word, await PodSocket.HearAsync(a, word.Length));
    }
}

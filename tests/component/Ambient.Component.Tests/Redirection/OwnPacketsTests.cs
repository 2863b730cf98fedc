using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Cni.Guard;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Netfilter;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Redirection;

/// <summary>
/// An application that makes its packets or frames itself (CAP_NET_RAW, which container runtimes give by default) does not leave the mesh with them: the
/// node, where the pod's interface ends, sees nothing of what they carry.
/// </summary>
public sealed class OwnPacketsTests
{
    private const string Secret = "OWN-PAYLOAD";
    private const string Sentinel = "SENTINEL";
    private const string Renewal = "RENEWAL";
    private const uint SecretMark = 0x1234_5678 | 8;

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [InlineData(PodRules.Nftables, false)]
    [InlineData(PodRules.Nftables, true)]
    [InlineData(PodRules.Sockets, false)]
    [InlineData(PodRules.Sockets, true)]
    [InlineData(PodRules.IptablesNft, false)]
    [InlineData(PodRules.IptablesLegacy, false)]
    [InlineData(PodRules.Nftables, true, NftEgressWay.ThoseThatAreThere)]
    [InlineData(PodRules.Sockets, true, NftEgressWay.ThoseThatAreThere)]
    [InlineData(PodRules.IptablesLegacy, false, NftEgressWay.ThoseThatAreThere)]
    [InlineData(PodRules.Nftables, true, NftEgressWay.None)]
    [InlineData(PodRules.Sockets, true, NftEgressWay.None)]
    public async Task Redirection_KeepsPacketsAndFramesOfTheirOwnMaking(PodRules rules, bool withSecret, NftEgressWay way = NftEgressWay.ThoseThatMayCome)
    {
        await using var f = new RedirectionFixture(rules, ipv6: false);
        using Socket capture = OwnPackets.Frames(f.Captured.Node.Namespace, FrameEndPoint.All);

        // The capture sees them, and they pass while there are no rules.
        await NeighboursAsync(f);
        Send(f);
        List<string> seen = await UntilSentinelAsync(f, capture);
        foreach (string name in Packets(f).Select(p => p.Name).Concat(Frames(f).Select(x => x.Name)))
        {
            Assert.True(seen.Any(s => s.Contains(Secret + name + ";", StringComparison.Ordinal)), name + " was not captured");
        }

        PodRedirection redirection = f.Redirection(withSecret ? new RedirectionOptions().WithSecret(SecretMark) : null, egress: new NftEgress(way));
        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
        Send(f);
        AssertKept(f, await UntilSentinelAsync(f, capture), way);

        await redirection.RemoveAsync(CancellationToken.None);
        Assert.DoesNotContain("netdev", await f.RulesAsync(), StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft")]
    [InlineData(NftEgressWay.ThoseThatMayCome, NftEgressWay.ThoseThatMayCome)]
    [InlineData(NftEgressWay.ThoseThatAreThere, NftEgressWay.ThoseThatAreThere)]
    [InlineData(NftEgressWay.None, NftEgressWay.None)]
    [InlineData(NftEgressWay.None, NftEgressWay.ThoseThatAreThere)]
    [InlineData(NftEgressWay.ThoseThatAreThere, NftEgressWay.ThoseThatMayCome)]
    public async Task Guard_KeepsPacketsAndFramesOfTheirOwnMaking(NftEgressWay before, NftEgressWay way)
    {
        await using var f = new RedirectionFixture(PodRules.Nftables, ipv6: false);
        using Socket capture = OwnPackets.Frames(f.Captured.Node.Namespace, FrameEndPoint.All);
        await NeighboursAsync(f);

        // The plugin's and then the agent's, which may know more of the kernel.
        PodGuard.Raise(f.Pod, new NftEgress(before));
        PodGuard.Raise(f.Pod, new NftEgress(way));
        Send(f);
        PodGuard.Lift(f.Pod)?.Dispose();
        AssertKept(f, await UntilSentinelAsync(f, capture), way);
        Assert.DoesNotContain("ambient", await f.RulesAsync(), StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft")]
    [InlineData(PodRules.Nftables)]
    [InlineData(PodRules.Sockets)]
    public async Task SecretMark_IsOnNoPacketThatACaptureInThePodSees(PodRules rules)
    {
        await using var f = new RedirectionFixture(rules, ipv6: false);
        foreach (bool hidden in new[] { false, true })
        {
            await f.ApplyAsync(new RedirectionOptions().WithSecret(SecretMark) with { HideMark = hidden });
            using Socket marked = OwnPackets.Frames(f.Pod, FrameEndPoint.All);
            OwnPackets.OnlyMarked(marked, SecretMark);
            using Socket proxy = PodSocket.Listen(f.Pod, f.Any, 15001, SecretMark, transparent: true);
            using Socket application = PodSocket.Listen(f.Pod, f.Any, 8080);
            using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);
            using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
            using Socket inside = await PodSocket.AcceptAsync(proxy, "the proxy");
            using Socket onward = await PodSocket.ConnectAsync(f.Pod, f.C, 80, SecretMark);
            using Socket served = await PodSocket.AcceptAsync(server, "the peer");
            using Socket delivery = await PodSocket.ConnectAsync(f.Pod, f.P, 8080, SecretMark, source: f.C, spoof: true);
            using Socket delivered = await PodSocket.AcceptAsync(application, "the application");
            foreach (Socket socket in new[] { inside, onward, delivery })
            {
                await PodSocket.SayAsync(socket, "word");
            }

            Assert.Equal("word", await PodSocket.HearAsync(app, 4));
            Assert.Equal("word", await PodSocket.HearAsync(served, 4));
            Assert.Equal("word", await PodSocket.HearAsync(delivered, 4));
            Assert.Equal(!hidden, marked.Poll(0, SelectMode.SelectRead));
        }
    }

    [RequiresRootTheory("nft")]
    [InlineData("link set eth0 name other0", NftEgressWay.ThoseThatMayCome)]
    [InlineData("link add extra0 type veth peer name extra1", NftEgressWay.ThoseThatMayCome)]
    [InlineData("link set eth0 name other0", NftEgressWay.ThoseThatAreThere)]
    [InlineData("link add net1 type veth peer name net2", NftEgressWay.ThoseThatAreThere)]
    [InlineData("link del eth0", NftEgressWay.ThoseThatAreThere)]
    public async Task InterfaceThatIsRenamedOrCameOrWent_IsNoticedAndRepaired(string change, NftEgressWay way)
    {
        await using var f = new RedirectionFixture(PodRules.Nftables, ipv6: false);
        PodRedirection redirection = f.Redirection(egress: new NftEgress(way));
        await redirection.ApplyAsync(CancellationToken.None);
        await f.Network.RunAsync(f.Captured, "ip", ["link", "set", "eth0", "down"]);
        await f.Network.RunAsync(f.Captured, "ip", change.Split(' '));
        Assert.Contains("netdev", (await redirection.VerifyAsync(CancellationToken.None)).ToString(), StringComparison.Ordinal);
        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
    }

    [RequiresRootFact("nft")]
    public async Task LeaseThatIsRenewed_PassesTheRules_AndWaitsBehindTheGuard()
    {
        await using var f = new RedirectionFixture(PodRules.Nftables, ipv6: false);
        using Socket capture = OwnPackets.Frames(f.Captured.Node.Namespace, FrameEndPoint.All);
        await NeighboursAsync(f);
        await f.ApplyAsync();
        Assert.True(await IsRenewalSeenAsync(f, capture));
        PodGuard.Raise(f.Pod);
        Renew(f);
        PodGuard.Lift(f.Pod)?.Dispose();
        Assert.DoesNotContain(await UntilSentinelAsync(f, capture), s => s.Contains(Renewal, StringComparison.Ordinal));
        Assert.True(await IsRenewalSeenAsync(f, capture));
    }

    private static async Task<bool> IsRenewalSeenAsync(RedirectionFixture f, Socket capture)
    {
        Renew(f);
        return (await UntilSentinelAsync(f, capture)).Exists(s => s.Contains(Renewal, StringComparison.Ordinal));
    }

    /// <summary>As a DHCP client asks for more time: a frame that it makes itself.</summary>
    private static void Renew(RedirectionFixture f)
    {
        const ushort client = 68, server = 67;
        using Socket frames = OwnPackets.Frames(f.Pod);
        Try(() => frames.SendTo(OwnPackets.Frame(OwnPackets.Ipv4Frame, OwnPackets.Datagram(f.P, f.C, client, server, Renewal)), new FrameEndPoint(OwnPackets.IndexOf(f.Pod, "eth0"), OwnPackets.Ipv4Frame)));
    }

    /// <summary>Where there are no chains for frames, frames leave, and the packets are kept all the same.</summary>
    private static void AssertKept(RedirectionFixture f, List<string> seen, NftEgressWay way)
    {
        HashSet<string> left = [.. Packets(f).Select(p => p.Name).Concat(Frames(f).Select(x => x.Name)).Where(n => seen.Any(s => s.Contains(Secret + n + ";", StringComparison.Ordinal)))];
        Assert.Equal(way == NftEgressWay.None ? [.. Frames(f).Select(x => x.Name)] : [], left);
    }

    private static async Task NeighboursAsync(RedirectionFixture f)
    {
        // Addresses of neighbours are known from here on, so packets leave at once.
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);
        using Socket first = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
    }

    /// <summary>UDP is not the mesh's business and travels as it is: once it was seen, everything before it would have been.</summary>
    private static async Task<List<string>> UntilSentinelAsync(RedirectionFixture f, Socket capture)
    {
        using Socket udp = PodSocket.Datagram(f.Pod, f.P, 0);
        string last = Sentinel + Guid.NewGuid().ToString("N");
        await udp.SendToAsync(Encoding.ASCII.GetBytes(last), new IPEndPoint(f.C, 4000));
        return await OwnPackets.CaptureUntilAsync(capture, last);
    }

    private static IEnumerable<(string Name, byte Flags, ushort Fragment)> Packets(RedirectionFixture f)
    {
        Assert.NotNull(f);
        yield return ("syn", OwnPackets.Syn, 0);
        yield return ("ack", OwnPackets.Ack | OwnPackets.Push, 0);
        yield return ("syn-ack", OwnPackets.Syn | OwnPackets.Ack, 0);
        yield return ("syn-fin", OwnPackets.Syn | OwnPackets.Fin, 0);
        yield return ("rst", OwnPackets.Rst, 0);
        yield return ("rst-ack", OwnPackets.Rst | OwnPackets.Ack, 0);
        yield return ("none", 0, 0);
        yield return ("fragment", OwnPackets.Ack, 8);
    }

    private static IEnumerable<(string Name, ushort Said, byte[] Frame)> Frames(RedirectionFixture f)
    {
        byte[] Four(string name) => OwnPackets.Packet(f.P, f.C, OwnPackets.Ack | OwnPackets.Push, Secret + name + ";");
        byte[] six = OwnPackets.Packet(f.Captured.AddressV6, f.Other.AddressV6, OwnPackets.Ack | OwnPackets.Push, Secret + "frame-six;");
        yield return ("frame", OwnPackets.Ipv4Frame, OwnPackets.Frame(OwnPackets.Ipv4Frame, Four("frame")));
        yield return ("frame-as-arp", OwnPackets.ArpFrame, OwnPackets.Frame(OwnPackets.Ipv4Frame, Four("frame-as-arp")));
        yield return ("frame-six", OwnPackets.Ipv6Frame, OwnPackets.Frame(OwnPackets.Ipv6Frame, six));
        yield return ("frame-vlan", OwnPackets.VlanFrame, OwnPackets.Frame(OwnPackets.VlanFrame, [0, 0, 8, 0, .. Four("frame-vlan")]));
    }

    private static void Send(RedirectionFixture f)
    {
        RedirectionOptions options = new();
        foreach (uint mark in new[] { 0u, options.ReturnMark.Value, options.DirectMark.Value, options.PassedMark.Value })
        {
            using Socket packets = OwnPackets.Packets(f.Pod, mark);
            foreach ((string name, byte flags, ushort fragment) in Packets(f))
            {
                Try(() => packets.SendTo(OwnPackets.Packet(f.P, f.C, flags, Secret + name + ";", fragment), new IPEndPoint(f.C, 0)));
            }
        }

        int index = OwnPackets.IndexOf(f.Pod, "eth0");
        using Socket frames = OwnPackets.Frames(f.Pod);
        foreach ((string _, ushort said, byte[] frame) in Frames(f))
        {
            Try(() => frames.SendTo(frame, new FrameEndPoint(index, said)));
        }
    }

    /// <summary>Whoever is not let out hears of it: that is as good.</summary>
    private static void Try(Action send)
    {
        try
        {
            send();
        }
        catch (SocketException)
        {
        }
    }
}

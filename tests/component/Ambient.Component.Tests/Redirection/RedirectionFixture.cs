using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Redirection;

/// <summary>A captured pod P, a peer C on another node, and the addresses of one family.</summary>
internal sealed class RedirectionFixture : IAsyncDisposable
{
    public const uint ProxyMark = 0x539;

    private readonly TestNetwork _network = new();
    private readonly bool _ipv6;

    private readonly RedirectionMethod _method;

    public RedirectionFixture(RedirectionBackEnd backEnd, bool ipv6)
        : this(backEnd, RedirectionMethod.Translation, ipv6)
    {
    }

    public RedirectionFixture(PodRules rules, bool ipv6)
        : this(BackEndOf(rules), MethodOf(rules), ipv6)
    {
    }

    private RedirectionFixture(RedirectionBackEnd backEnd, RedirectionMethod method, bool ipv6)
    {
        BackEnd = backEnd;
        _method = method;
        _ipv6 = ipv6;
        Captured = _network.AddNode("node1").AddPod("captured");
        Other = _network.AddNode("node2").AddPod("peer");
    }

    public RedirectionBackEnd BackEnd { get; }

    public TestNetwork Network => _network;

    public VirtualPod Captured { get; }

    public VirtualPod Other { get; }

    public NetworkNamespace Pod => Captured.Namespace;

    public NetworkNamespace Peer => Other.Namespace;

    public IPAddress P => _ipv6 ? Captured.AddressV6 : Captured.Address;

    public IPAddress C => _ipv6 ? Other.AddressV6 : Other.Address;

    public IPAddress Any => _ipv6 ? IPAddress.IPv6Any : IPAddress.Any;

    public IPAddress Loopback => _ipv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;

    public AddressFamily Family => P.AddressFamily;

    public PodRedirection Redirection(RedirectionOptions? options = null, RedirectionBackEnd? backEnd = null, NftEgress? egress = null) =>
        new(Pod, (options ?? new RedirectionOptions()) with { Method = _method, PodAddresses = [Captured.Address, Captured.AddressV6] }, backEnd ?? BackEnd, egress);

    /// <summary>Redirection of the same pod written in another way.</summary>
    public PodRedirection Redirection(PodRules rules) =>
        new(Pod, new RedirectionOptions { Method = MethodOf(rules), PodAddresses = [Captured.Address, Captured.AddressV6] }, BackEndOf(rules));

    public async Task ApplyAsync(RedirectionOptions? options = null)
    {
        PodRedirection redirection = Redirection(options);
        await redirection.ApplyAsync(CancellationToken.None);
        await AssertCleanAsync(redirection);
    }

    public static async Task AssertCleanAsync(PodRedirection redirection)
    {
        VerificationReport report = await redirection.VerifyAsync(CancellationToken.None);
        Assert.True(report.IsClean, report.ToString());
    }

    /// <summary>A listener of the proxy inside the captured pod.</summary>
    public Socket Proxy(int port) => PodSocket.Listen(Pod, Any, port, ProxyMark, transparent: true);

    /// <summary>Everything that the kernel holds, without counters and comments, and without link-local addresses, which come when they like.</summary>
    public async Task<string> RulesAsync()
    {
        string text = "";
        foreach (string[] words in new[] { new[] { "nft", "-s", "list", "ruleset" }, ["ip", "rule"], ["ip", "-6", "rule"], ["ip", "route", "show", "table", "all"], ["iptables-nft-save"], ["iptables-legacy-save"], ["ip6tables-legacy-save"] })
        {
            text += string.Join('\n', (await _network.RunAsync(Captured, words[0], words[1..])).Split('\n').Where(l => !l.StartsWith('#') && !l.Contains("fe80::", StringComparison.Ordinal))) + "\n";
        }

        return System.Text.RegularExpressions.Regex.Replace(text, @"\[\d+:\d+\]|counter packets \d+ bytes \d+", "");
    }

    private static RedirectionBackEnd BackEndOf(PodRules rules) => rules switch
    {
        PodRules.IptablesNft => RedirectionBackEnd.IptablesNft,
        PodRules.IptablesLegacy => RedirectionBackEnd.IptablesLegacy,
        _ => RedirectionBackEnd.Nftables,
    };

    private static RedirectionMethod MethodOf(PodRules rules) => rules == PodRules.Sockets ? RedirectionMethod.Sockets : RedirectionMethod.Translation;

    public ValueTask DisposeAsync() => _network.DisposeAsync();
}

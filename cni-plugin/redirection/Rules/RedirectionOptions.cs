using System.Net;
using System.Net.Sockets;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>What one pod's redirection looks like (cni-and-redirection.md 1.5 and 5.2). Immutable.</summary>
public sealed record RedirectionOptions
{
    /// <summary>How connections come to the proxy.</summary>
    public RedirectionMethod Method { get; init; } = RedirectionMethod.Translation;

    /// <summary>
    /// The pod's own addresses; <see cref="RedirectionMethod.Sockets"/> needs them. The first of a family becomes the source of connections that the
    /// application does not bind itself; a family without one is left to the translation that lies below.
    /// </summary>
    public IReadOnlyList<IPAddress> PodAddresses { get; init; } = [];

    /// <summary>
    /// Connections that were there before the rules and keep their way (<see cref="EstablishedFlows.Read"/>), so that joining resets nothing;
    /// <see cref="RedirectionMethod.Sockets"/> only. Applying again with fewer takes back the others.
    /// </summary>
    public IReadOnlyList<Flow> Spared { get; init; } = [];

    /// <summary>Whether DNS queries of the pod go to its proxy.</summary>
    public bool DnsCapture { get; init; } = true;

    /// <summary>Inbound connections other than HBONE reach the application untouched.</summary>
    public bool IngressMode { get; init; }

    /// <summary>TCP that arrives on these interfaces counts as outbound (nested guests).</summary>
    public IReadOnlyList<InterfaceName> VirtualInterfaces { get; init; } = [];

    /// <summary>Whether IPv6 is redirected too.</summary>
    public bool Ipv6 { get; init; } = true;

    /// <summary>The mark of every packet that the proxy sends.</summary>
    public MaskedMark ProxyMark { get; init; } = new(0x539, 0xfff);

    /// <summary>
    /// By which bits of it routing knows the proxy's packets; null takes <see cref="ProxyMark"/>. Routing rules can be read by every program of the pod:
    /// of a mark that is a secret they name one bit, and what bears that bit and not the mark is refused by the rules.
    /// </summary>
    public MaskedMark? ProxyRoute { get; init; }

    /// <summary>The options with a secret mark, 30 bits of which are nobody's guess. Throws <see cref="ArgumentException"/> for one that is none.</summary>
    public RedirectionOptions WithSecret(uint mark) => SecretMarks.IsSecret(mark)
        ? this with { ProxyMark = new(mark, SecretMarks.Mask), ProxyRoute = SecretMarks.Route, HideMark = true }
        : throw new ArgumentException("not a secret mark", nameof(mark));

    /// <summary>
    /// Whether the proxy's mark is taken off every packet as soon as it was believed: whoever captures frames in the pod (CAP_NET_RAW is enough) reads
    /// marks too. nftables only.
    /// </summary>
    public bool HideMark { get; init; }

    /// <summary>The mark of packets whose secret mark was taken off; worth nothing before that.</summary>
    public MaskedMark PassedMark { get; init; } = new(0x113, 0xfff);

    /// <summary>The mark of packets that bore <see cref="PassedMark"/> without having been given it.</summary>
    public MaskedMark StrayMark { get; init; } = new(0x114, 0xfff);

    /// <summary>The mark that the proxy's packets bear behind the output hook, and where they come in again by loopback.</summary>
    internal MaskedMark SeenMark => HideMark ? PassedMark : ProxyMark;

    /// <summary>The mark of replies to connections that the proxy made under a foreign source address.</summary>
    public MaskedMark ReturnMark { get; init; } = new(0x111, 0xfff);

    /// <summary>The mark of connections that come from outside and are the application's own, so that their answers leave as they came.</summary>
    public MaskedMark DirectMark { get; init; } = new(0x112, 0xfff);

    /// <summary>The listeners.</summary>
    public RedirectionPorts Ports { get; init; } = new();

    /// <summary>The source that stands for the node's own processes, IPv4.</summary>
    public IPAddress ProbeAddress { get; init; } = IPAddress.Parse("169.254.7.127");

    /// <summary>The source that stands for the node's own processes, IPv6.</summary>
    public IPAddress ProbeAddressV6 { get; init; } = IPAddress.Parse("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");

    /// <summary>Routing table that brings marked packets back to loopback.</summary>
    public int RoutingTable { get; init; } = 100;

    /// <summary>Preference of the rule that leads to it.</summary>
    public int RulePreference { get; init; } = 32764;

    /// <summary>Routing table that leads new connections to loopback; <see cref="RedirectionMethod.Sockets"/> alone has it.</summary>
    public int CaptureTable { get; init; } = 101;

    /// <summary>The families that are redirected.</summary>
    internal IEnumerable<RuleFamily> Families => Ipv6 ? [RuleFamily.IPv4, RuleFamily.IPv6] : [RuleFamily.IPv4];

    /// <summary>The pod's addresses of one family.</summary>
    internal IEnumerable<IPAddress> AddressesOf(RuleFamily family) =>
        PodAddresses.Where(a => a.AddressFamily == (family == RuleFamily.IPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6));

    /// <summary>Throws <see cref="ArgumentException"/> naming the option that cannot work.</summary>
    public void Check()
    {
        CheckMark(ProxyMark, nameof(ProxyMark));
        CheckMark(ReturnMark, nameof(ReturnMark));
        CheckMark(DirectMark, nameof(DirectMark));
        CheckMark(PassedMark, nameof(PassedMark));
        CheckMark(StrayMark, nameof(StrayMark));
        MaskedMark[] marks = [ProxyMark, ReturnMark, DirectMark, PassedMark, StrayMark];
        if (marks.Distinct().Count() != marks.Length)
        {
            throw new ArgumentException("ProxyMark, ReturnMark, DirectMark, PassedMark and StrayMark must differ");
        }

        ushort[] ports = [Ports.Outbound, Ports.Inbound, Ports.Hbone, Ports.Dns];
        if (ports.Contains((ushort)0) || ports.Distinct().Count() != ports.Length)
        {
            throw new ArgumentException("Ports must be distinct and not 0");
        }

        if (ProbeAddress.AddressFamily != AddressFamily.InterNetwork || ProbeAddressV6.AddressFamily != AddressFamily.InterNetworkV6 || ProbeAddressV6.ScopeId != 0)
        {
            throw new ArgumentException("ProbeAddress must be IPv4, ProbeAddressV6 IPv6 without a zone");
        }

        // 253 to 255 belong to the kernel (default, main, local), 0 means unspecified.
        if (RoutingTable is < 1 or (>= 253 and <= 255) || CaptureTable is < 1 or (>= 253 and <= 255) || RoutingTable == CaptureTable)
        {
            throw new ArgumentException("RoutingTable and CaptureTable must differ and must not be one of the kernel's");
        }

        if (RulePreference is < 5 or > 32764)
        {
            throw new ArgumentException("RulePreference must precede the main table and leave room for its neighbours (5 to 32764)");
        }

        if (Spared.Count > 0 && Method != RedirectionMethod.Sockets)
        {
            throw new ArgumentException("Spared: only redirection by sockets can leave established connections alone");
        }

        if (PodAddresses.Any(a => a.IsIPv4MappedToIPv6 || (a.AddressFamily == AddressFamily.InterNetworkV6 && a.ScopeId != 0)) || (Method == RedirectionMethod.Sockets && PodAddresses.Count == 0))
        {
            throw new ArgumentException("PodAddresses must hold the pod's addresses, without zones and not IPv4 in IPv6");
        }
    }

    private static void CheckMark(MaskedMark mark, string name)
    {
        if (mark.Value == 0 || (mark.Value & ~mark.Mask) != 0)
        {
            throw new ArgumentException(name + " must not be 0 and must lie within its mask");
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>What one pod's redirection looks like (cni-and-redirection.md 1.5 and 5.2). Immutable.</summary>
public sealed record RedirectionOptions
{
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

    /// <summary>The mark of replies to connections that the proxy made under a foreign source address.</summary>
    public MaskedMark ReturnMark { get; init; } = new(0x111, 0xfff);

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

    /// <summary>Throws <see cref="ArgumentException"/> naming the option that cannot work.</summary>
    public void Check()
    {
        CheckMark(ProxyMark, nameof(ProxyMark));
        CheckMark(ReturnMark, nameof(ReturnMark));
        if (ProxyMark == ReturnMark)
        {
            throw new ArgumentException("ProxyMark and ReturnMark must differ");
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
        if (RoutingTable is < 1 or (>= 253 and <= 255) || RulePreference is < 1 or > 32765)
        {
            throw new ArgumentException("RoutingTable must not be one of the kernel's, RulePreference must precede the main table (1 to 32765)");
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

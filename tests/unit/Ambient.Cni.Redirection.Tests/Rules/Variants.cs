using System.Net;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Tests.Rules;

/// <summary>The variants of cni-and-redirection.md 5.2, each with and without IPv6.</summary>
internal static class Variants
{
    public static IReadOnlyDictionary<string, RedirectionOptions> All { get; } = Make();

    public static InterfaceName Interface(string text) => InterfaceName.TryParse(text, out InterfaceName? name) ? name : throw new ArgumentException(text);

    private static Dictionary<string, RedirectionOptions> Make()
    {
        var variants = new Dictionary<string, RedirectionOptions>(StringComparer.Ordinal);
        foreach (bool ipv6 in new[] { false, true })
        {
            string family = ipv6 ? "dual" : "ipv4";
            RedirectionOptions plain = new() { Ipv6 = ipv6 };
            variants["default-" + family] = plain;
            variants["no-dns-" + family] = plain with { DnsCapture = false };
            variants["ingress-" + family] = plain with { IngressMode = true };
            variants["interfaces-" + family] = plain with { VirtualInterfaces = [Interface("net1"), Interface("tap+")] };
            variants["ingress-interfaces-" + family] = plain with { IngressMode = true, VirtualInterfaces = [Interface("net1")] };
            RedirectionOptions sockets = plain with { Method = RedirectionMethod.Sockets, PodAddresses = [IPAddress.Parse("10.9.1.10"), IPAddress.Parse("fd09:9:1::10")] };
            variants["sockets-" + family] = sockets;
            variants["sockets-secret-" + family] = sockets.WithSecret(0x1234_5678);
            variants["sockets-no-dns-" + family] = sockets with { DnsCapture = false };
            variants["sockets-ingress-" + family] = sockets with { IngressMode = true };
            variants["sockets-interfaces-" + family] = sockets with { VirtualInterfaces = [Interface("net1")] };
            variants["other-numbers-" + family] = plain with
            {
                ProxyMark = new MaskedMark(0x700, 0xff00),
                ReturnMark = new MaskedMark(0x900, 0xff00),
                Ports = new RedirectionPorts { Outbound = 25001, Inbound = 25006, Hbone = 25008, Dns = 25053 },
            };
        }

        return variants;
    }
}

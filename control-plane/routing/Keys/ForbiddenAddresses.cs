using System.Net;
using System.Net.Sockets;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>
/// Addresses that nobody's key set is at, and where the control plane must not be sent by somebody who may write a RequestAuthentication: itself, its link, and the metadata
/// services of clouds. Pure.
/// </summary>
public static class ForbiddenAddresses
{
    // Metadata services outside of the link: AWS over IPv6, Alibaba, Azure's host.
    private static readonly IPAddress[] Metadata = [IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("168.63.129.16")];

    /// <summary>Whether nothing may be fetched from there.</summary>
    public static bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (IPAddress.IsLoopback(plain) || plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any) || plain.Equals(IPAddress.Broadcast) || Array.IndexOf(Metadata, plain) >= 0)
        {
            return true;
        }

        if (plain.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return plain.IsIPv6LinkLocal || plain.IsIPv6Multicast;
        }

        byte[] bytes = plain.GetAddressBytes();
        return bytes[0] is 0 or 127 or (>= 224 and < 240) || (bytes[0] == 169 && bytes[1] == 254);
    }
}

using System.Net;
using Ambient.Mesh.Addresses;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>
/// Addresses that nobody's key set is at, and where the control plane must not be sent by somebody who may write a RequestAuthentication: itself, its link, and the metadata
/// services of clouds. Pure.
/// </summary>
public static class ForbiddenAddresses
{
    // Metadata services that have ordinary addresses: Alibaba, Azure's host.
    private static readonly IpAddress[] Metadata = [IpAddress.Parse("100.100.100.200"), IpAddress.Parse("168.63.129.16")];

    /// <summary>Whether nothing may be fetched from there.</summary>
    public static bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        IpAddress plain = IpAddress.From(address.GetAddressBytes());
        return SpecialAddresses.Contains(plain) || Array.IndexOf(Metadata, plain) >= 0;
    }
}

using System.Net;
using Ambient.Mesh.Addresses;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>
/// Addresses that nobody's key set is at, and where the control plane must not be sent by somebody who may write a RequestAuthentication: itself, its link, and the metadata
/// services of clouds. Pure.
/// </summary>
public static class ForbiddenAddresses
{
    /// <summary>Whether nothing may be fetched from there.</summary>
    public static bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return SpecialAddresses.Contains(IpAddress.From(address.GetAddressBytes()));
    }
}

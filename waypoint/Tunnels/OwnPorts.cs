using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Ports of the process itself. Immutable.</summary>
internal static class OwnPorts
{
    /// <summary>For whoever administers it, on loopback alone.</summary>
    public const ushort Admin = 15000;

    /// <summary>Tunnels.</summary>
    public const ushort Hbone = 15008;

    /// <summary>Metrics.</summary>
    public const ushort Metrics = 15020;

    /// <summary>Readiness.</summary>
    public const ushort Ready = 15021;

    /// <summary>Whether it is one of them.</summary>
    public static bool Contains(uint port) => port is Admin or Hbone or Metrics or Ready;

    /// <summary>Whether connecting there leads to the process itself: to the unspecified address as well, which the kernel takes for loopback.</summary>
    /// <param name="address">Where.</param>
    /// <param name="captured">The port of a captured waypoint, which believes what it is told; 0 for none.</param>
    public static bool Leads(IpPort address, ushort captured) => (Contains(address.Port) || (captured != 0 && address.Port == captured)) && (address.Address.IsLoopback || address.Address.IsUnspecified);
}

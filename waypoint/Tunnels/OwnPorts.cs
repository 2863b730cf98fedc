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
    public static bool Leads(IpPort address) => Contains(address.Port) && (address.Address.IsLoopback || address.Address.IsUnspecified);
}

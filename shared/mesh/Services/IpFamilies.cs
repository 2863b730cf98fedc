namespace Ambient.Mesh.Services;

/// <summary>Address families that a Service serves (wire numbers).</summary>
public enum IpFamilies
{
    /// <summary>Not stated: all.</summary>
    Automatic = 0,

    /// <summary>IPv4 only.</summary>
    IPv4Only = 1,

    /// <summary>IPv6 only.</summary>
    IPv6Only = 2,

    /// <summary>Both.</summary>
    Dual = 3,
}

namespace Ambient.Mesh.Services;

/// <summary>How preferences are used (wire numbers).</summary>
public enum LoadBalancingMode
{
    /// <summary>All endpoints are equal.</summary>
    Standard = 0,

    /// <summary>Only endpoints that match every preference.</summary>
    Strict = 1,

    /// <summary>The endpoints that match most.</summary>
    Failover = 2,

    /// <summary>No balancing: the dialled address is used as it is.</summary>
    Passthrough = 3,
}

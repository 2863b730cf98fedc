namespace Ambient.Mesh.Services;

/// <summary>What a routing preference compares between client and endpoint (wire numbers).</summary>
public enum RoutingScope
{
    /// <summary>Cloud region.</summary>
    Region = 1,

    /// <summary>Availability zone.</summary>
    Zone = 2,

    /// <summary>Part of a zone.</summary>
    Subzone = 3,

    /// <summary>The node.</summary>
    Node = 4,

    /// <summary>The cluster.</summary>
    Cluster = 5,

    /// <summary>The network.</summary>
    Network = 6,
}

using Ambient.ControlPlane.Discovery.Waypoints;

namespace Ambient.ControlPlane.Discovery.Settings;

/// <summary>What the whole mesh has in common (control-plane reference 0.1). Immutable.</summary>
public sealed record MeshSettings
{
    /// <summary>The trust domain that receivers take when none is said.</summary>
    public const string DefaultTrustDomain = "cluster.local";

    /// <summary>CLUSTER_ID.</summary>
    public string ClusterId { get; init; } = "Kubernetes";

    /// <summary>Where the control plane runs; its namespace's label names the network.</summary>
    public string SystemNamespace { get; init; } = "istio-system";

    /// <summary>Where policies of the whole mesh live.</summary>
    public string RootNamespace { get; init; } = "istio-system";

    /// <summary>The cluster's domain.</summary>
    public string DomainSuffix { get; init; } = "cluster.local";

    /// <summary>The trust domain.</summary>
    public string TrustDomain { get; init; } = DefaultTrustDomain;

    /// <summary>Other trust domains whose identities count as the mesh's own.</summary>
    public IReadOnlyList<string> TrustDomainAliases { get; init; } = [];

    /// <summary>Our revision; configuration of others is not seen. Empty: any but labelled ones.</summary>
    public string Revision { get; init; } = "default";

    /// <summary>Whether other clusters and networks belong to the mesh (AMBIENT_ENABLE_MULTI_NETWORK).</summary>
    public bool SpansClusters { get; init; }

    /// <summary>Whether selectors of Services choose WorkloadEntries (PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES).</summary>
    public bool ServicesSelectEntries { get; init; } = true;

    /// <summary>Whether policies that are only tried are sent (AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY).</summary>
    public bool SendsDryRun { get; init; }

    /// <summary>Whether what goes around waypoints is refused, where nobody says otherwise (AMBIENT_REQUIRE_WAYPOINT).</summary>
    public WaypointDuty RequiresWaypoint { get; init; } = WaypointDuty.OnPolicy;
}

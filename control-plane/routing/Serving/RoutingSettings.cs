namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>What waypoints' configuration has in common. Immutable.</summary>
public sealed record RoutingSettings
{
    /// <summary>Where policies of the whole mesh live.</summary>
    public string RootNamespace { get; init; } = "istio-system";

    /// <summary>The cluster's domain.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The name of the cluster, as telemetry says it.</summary>
    public string ClusterId { get; init; } = "Kubernetes";

    /// <summary>Other trust domains whose identities count as the mesh's own.</summary>
    public IReadOnlyList<string> TrustDomainAliases { get; init; } = [];

    /// <summary>Our revision; configuration of others is not seen.</summary>
    public string Revision { get; init; } = "default";

    /// <summary>Whether mirrored requests keep their Host, without <c>-shadow</c> (DISABLE_SHADOW_HOST_SUFFIX).</summary>
    public bool NoMirrorSuffix { get; init; }

    /// <summary>Whether there are several networks: tunnels between them name services by host (AMBIENT_ENABLE_MULTI_NETWORK).</summary>
    public bool HasSeveralNetworks { get; init; }
}

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>What Gateways' workloads are told. Immutable.</summary>
public sealed record GatewaySettings
{
    /// <summary>Where the control plane runs.</summary>
    public required string SystemNamespace { get; init; }

    /// <summary>The cluster's domain.</summary>
    public string DomainSuffix { get; init; } = "cluster.local";

    /// <summary>Our revision.</summary>
    public string Revision { get; init; } = "default";

    /// <summary>The cluster.</summary>
    public string ClusterId { get; init; } = "Kubernetes";

    /// <summary>The trust domain.</summary>
    public string TrustDomain { get; init; } = "cluster.local";

    /// <summary>Whether the mesh has other networks; without, nothing is made for Gateways of the class istio-east-west.</summary>
    public bool SpansNetworks { get; init; }

    /// <summary>Whether a Gateway's labels and annotations are copied to what is made for it (PILOT_ENABLE_GATEWAY_API_COPY_LABELS_ANNOTATIONS).</summary>
    public bool CopiesToObjects { get; init; } = true;

    /// <summary>What waypoints run.</summary>
    public required string Image { get; init; }

    /// <summary>When it is pulled.</summary>
    public string PullPolicy { get; init; } = "IfNotPresent";

    /// <summary>The ConfigMap of the roots.</summary>
    public string RootMap { get; init; } = "istio-ca-root-cert";

    /// <summary>The ConfigMap of the revocation list.</summary>
    public string RevocationMap { get; init; } = "istio-ca-crl";

    /// <summary>Where waypoints find us.</summary>
    public string DiscoveryAddress => $"https://istiod{(Revision is "" or "default" ? "" : "-" + Revision)}.{SystemNamespace}.svc:15012";
}

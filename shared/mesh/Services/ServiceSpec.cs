using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Services;

/// <summary>What a source says about a Service; <see cref="Service"/> is made from it. Mutable, for one writer.</summary>
public sealed class ServiceSpec
{
    /// <summary>Kubernetes name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Namespace.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>Full hostname; may be a wildcard <c>*.x</c>.</summary>
    public string Hostname { get; set; } = "";

    /// <summary>Exact addresses.</summary>
    public List<NetworkAddress> Vips { get; } = [];

    /// <summary>Address ranges.</summary>
    public List<NetworkPrefix> CidrVips { get; } = [];

    /// <summary>Ports and targets.</summary>
    public PortMap Ports { get; set; } = PortMap.Empty;

    /// <summary>Full SPIFFE URIs that are accepted beside the workload's own identity.</summary>
    public List<string> SubjectAltNames { get; } = [];

    /// <summary>The waypoint.</summary>
    public GatewayAddress? Waypoint { get; set; }

    /// <summary>Several waypoints by weight.</summary>
    public List<WeightedWaypoint> WeightedWaypoints { get; } = [];

    /// <summary>Balancing; null for none stated.</summary>
    public LoadBalancing? LoadBalancing { get; set; }

    /// <summary>Families that are served.</summary>
    public IpFamilies IpFamilies { get; set; }

    /// <summary>Preferred when several Services fit.</summary>
    public bool IsCanonical { get; set; }

    /// <summary>For gateways of the control plane; not used here.</summary>
    public bool IngressUsesWaypoint { get; set; }

    /// <summary>Who may find it.</summary>
    public ServiceVisibility Visibility { get; set; }

    /// <summary>Endpoints that the Service lists itself (local file).</summary>
    public List<StaticEndpoint> StaticEndpoints { get; } = [];
}

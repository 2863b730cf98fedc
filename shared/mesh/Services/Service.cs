using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Services;

/// <summary>A Service with the endpoints it has in one view. Immutable.</summary>
public sealed class Service
{
    private readonly ServiceDefinition _definition;
    private readonly Workload[] _members;

    /// <summary>A Service without endpoints; the view gives it those that name it.</summary>
    public Service(ServiceSpec spec)
        : this(new ServiceDefinition(spec), [], hasEqualWeights: true)
    {
    }

    private Service(ServiceDefinition definition, Workload[] members, bool hasEqualWeights)
    {
        _definition = definition;
        _members = members;
        HasEqualWeights = hasEqualWeights;
    }

    /// <summary>Kubernetes name.</summary>
    public string Name => _definition.Name;

    /// <summary>Namespace.</summary>
    public string Namespace => _definition.Key.Namespace;

    /// <summary>Full hostname; may be a wildcard <c>*.x</c>.</summary>
    public string Hostname => _definition.Key.Hostname;

    /// <summary>Namespace and hostname.</summary>
    public NamespacedHostname Key => _definition.Key;

    /// <summary>Exact addresses.</summary>
    public IReadOnlyList<NetworkAddress> Vips => _definition.Vips;

    /// <summary>Address ranges.</summary>
    public IReadOnlyList<NetworkPrefix> CidrVips => _definition.CidrVips;

    /// <summary>Ports and targets.</summary>
    public PortMap Ports => _definition.Ports;

    /// <summary>Full SPIFFE URIs that are accepted beside the workload's own identity, as given.</summary>
    public IReadOnlyList<string> SubjectAltNames => _definition.SubjectAltNames;

    /// <summary><see cref="SubjectAltNames"/> as identities.</summary>
    public IdentitySet Identities => _definition.Identities;

    /// <summary>The waypoint.</summary>
    public GatewayAddress? Waypoint => _definition.Waypoint;

    /// <summary>Several waypoints by weight.</summary>
    public IReadOnlyList<WeightedWaypoint> WeightedWaypoints => _definition.WeightedWaypoints;

    /// <summary>Balancing; null for none stated.</summary>
    public LoadBalancing? LoadBalancing => _definition.LoadBalancing;

    /// <summary>The balancing mode.</summary>
    public LoadBalancingMode Mode => _definition.LoadBalancing?.Mode ?? LoadBalancingMode.Standard;

    /// <summary>Families that are served.</summary>
    public IpFamilies IpFamilies => _definition.IpFamilies;

    /// <summary>Preferred when several Services fit.</summary>
    public bool IsCanonical => _definition.IsCanonical;

    /// <summary>For gateways of the control plane; not used here.</summary>
    public bool IngressUsesWaypoint => _definition.IngressUsesWaypoint;

    /// <summary>Who may find it.</summary>
    public ServiceVisibility Visibility => _definition.Visibility;

    /// <summary>Endpoints that the Service lists itself (local file).</summary>
    public IReadOnlyList<StaticEndpoint> StaticEndpoints => _definition.StaticEndpoints;

    /// <summary>The number of endpoints.</summary>
    public int EndpointCount
    {
        get
        {
            int count = _members.Length;
            foreach (StaticEndpoint endpoint in _definition.StaticEndpoints)
            {
                count += IsUsed(endpoint) ? 1 : 0;
            }

            return count;
        }
    }

    /// <summary>The endpoints, those of workloads first.</summary>
    public IEnumerable<Endpoint> Endpoints
    {
        get
        {
            foreach (Workload member in _members)
            {
                yield return new Endpoint(member.Uid, member.PortsOf(Key), member.Status, member);
            }

            foreach (StaticEndpoint endpoint in _definition.StaticEndpoints)
            {
                if (IsUsed(endpoint))
                {
                    yield return new Endpoint(endpoint.WorkloadUid, endpoint.Ports, endpoint.Status, null);
                }
            }
        }
    }

    /// <summary>The workloads that name this Service and take part.</summary>
    internal ReadOnlySpan<Workload> Members => _members;

    internal bool HasEqualWeights { get; }

    internal ServiceDefinition Definition => _definition;

    private HealthPolicy Health => _definition.LoadBalancing?.HealthPolicy ?? HealthPolicy.OnlyHealthy;

    /// <summary>Whether a client of this namespace may find the Service; null asks without a namespace and finds everything.</summary>
    public bool IsVisibleTo(string? clientNamespace) =>
        Visibility == ServiceVisibility.Public || clientNamespace is null || clientNamespace == Namespace;

    /// <summary>Whether the workload is an endpoint.</summary>
    public bool HasEndpoint(Workload workload)
    {
        foreach (ServiceMembership membership in workload.Services)
        {
            if (membership.Service.Equals(Key))
            {
                return Admits(workload.Status);
            }
        }

        foreach (StaticEndpoint endpoint in _definition.StaticEndpoints)
        {
            if (endpoint.WorkloadUid == workload.Uid)
            {
                return IsUsed(endpoint);
            }
        }

        return false;
    }

    /// <summary>The endpoint's own mapping of service ports.</summary>
    public PortMap PortsOf(Workload workload)
    {
        PortMap ports = workload.PortsOf(Key);
        if (ports.Count == 0)
        {
            foreach (StaticEndpoint endpoint in _definition.StaticEndpoints)
            {
                if (endpoint.WorkloadUid == workload.Uid)
                {
                    return endpoint.Ports;
                }
            }
        }

        return ports;
    }

    internal bool Admits(WorkloadStatus status) => status == WorkloadStatus.Healthy || Health == HealthPolicy.AllowAll;

    internal bool IsUsed(StaticEndpoint endpoint)
    {
        if (!Admits(endpoint.Status))
        {
            return false;
        }

        // The workload's own word counts before the Service's list.
        foreach (Workload member in _members)
        {
            if (member.HasUid(endpoint.WorkloadUid))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>This Service with the endpoints among the workloads that name it. The array is shared when all of them take part.</summary>
    internal Service WithMembers(Workload[] naming)
    {
        int used = 0;
        bool equal = true;
        foreach (Workload workload in naming)
        {
            if (Admits(workload.Status))
            {
                used++;
                equal &= workload.Capacity == 1;
            }
        }

        return new Service(_definition, used == naming.Length ? naming : Array.FindAll(naming, w => Admits(w.Status)), equal);
    }
}

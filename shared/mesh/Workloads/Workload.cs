using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Workloads;

/// <summary>
/// A workload: a pod, or another thing with an identity. Immutable. Kept small, for there are hundreds of thousands: 64
/// bytes, the last part of the name, and two flyweights that the view shares between the pods of a Deployment or a node.
/// </summary>
public sealed class Workload
{
    private static readonly IpAddress NoAddress = new(ulong.MaxValue, ulong.MaxValue);
    private static readonly IpAddress[] NoAddresses = [];

    private readonly IpAddress _address;
    private readonly WorkloadExtra? _extra;
    private readonly string _suffix;
    private WorkloadKind _kind;
    private Placement _placement;

    /// <summary>A workload as the source states it.</summary>
    public Workload(WorkloadSpec spec)
    {
        bool endsWithName = spec.Name.Length > 0 && spec.Uid.EndsWith(spec.Name, StringComparison.Ordinal);
        int dash = spec.Name.LastIndexOf('-');
        _suffix = spec.Name[(dash + 1)..];
        _address = spec.Addresses.Count > 0 ? spec.Addresses[0] : NoAddress;
        _extra = spec.Addresses.Count > 1 || !endsWithName
            ? new WorkloadExtra(spec.Addresses.Count > 1 ? [.. spec.Addresses[1..]] : NoAddresses, endsWithName ? null : spec.Uid)
            : null;
        _placement = new Placement(spec.Node, spec.Locality);
        _kind = new WorkloadKind
        {
            UidPrefix = endsWithName ? spec.Uid[..^spec.Name.Length] : "",
            NamePrefix = spec.Name[..(dash + 1)],
            Namespace = spec.Namespace,
            Network = spec.Network,
            WorkloadName = spec.WorkloadName,
            CanonicalName = spec.CanonicalName,
            CanonicalRevision = spec.CanonicalRevision,
            ClusterId = spec.ClusterId,
            Hostname = spec.Hostname,
            Identity = new SpiffeId(spec.TrustDomain, spec.Namespace, spec.ServiceAccount),
            Waypoint = spec.Waypoint,
            NetworkGateway = spec.NetworkGateway,
            ApplicationTunnel = spec.ApplicationTunnel,
            AuthorizationPolicies = [.. spec.AuthorizationPolicies],
            Services = [.. spec.Services.DistinctBy(membership => membership.Service)],
            Capacity = spec.Capacity,
            Protocol = spec.Protocol,
            Type = spec.Type,
            Status = spec.Status,
            NetworkMode = spec.NetworkMode,
            NativeTunnel = spec.NativeTunnel,
        };
    }

    /// <summary>Primary key. Made from parts on each call.</summary>
    public string Uid => _extra?.Uid ?? string.Concat(_kind.UidPrefix, _kind.NamePrefix, _suffix);

    /// <summary>The pod's name. Made from parts on each call.</summary>
    public string Name => _kind.NamePrefix.Length == 0 ? _suffix : string.Concat(_kind.NamePrefix, _suffix);

    /// <summary>Namespace.</summary>
    public string Namespace => _kind.Namespace;

    /// <summary>The network, empty by default.</summary>
    public string Network => _kind.Network;

    /// <summary>How it takes connections.</summary>
    public TunnelProtocol Protocol => _kind.Protocol;

    /// <summary>Trust domain.</summary>
    public string TrustDomain => _kind.Identity.TrustDomain;

    /// <summary>Service account.</summary>
    public string ServiceAccount => _kind.Identity.ServiceAccount;

    /// <summary>The SPIFFE identity.</summary>
    public SpiffeId Identity => _kind.Identity;

    /// <summary>The waypoint for traffic addressed to the workload.</summary>
    public GatewayAddress? Waypoint => _kind.Waypoint;

    /// <summary>The node.</summary>
    public string Node => _placement.Node;

    /// <summary>Where it runs.</summary>
    public Locality Locality => _placement.Locality;

    /// <summary>Canonical service name; telemetry.</summary>
    public string CanonicalName => _kind.CanonicalName;

    /// <summary>Canonical revision; telemetry.</summary>
    public string CanonicalRevision => _kind.CanonicalRevision;

    /// <summary>What created it; telemetry.</summary>
    public WorkloadType Type => _kind.Type;

    /// <summary>The Deployment or the like; telemetry.</summary>
    public string WorkloadName => _kind.WorkloadName;

    /// <summary>Whether it speaks HBONE itself.</summary>
    public bool NativeTunnel => _kind.NativeTunnel;

    /// <summary>Keys of the policies that select it.</summary>
    public IReadOnlyList<string> AuthorizationPolicies => _kind.AuthorizationPolicies;

    /// <summary>Readiness.</summary>
    public WorkloadStatus Status => _kind.Status;

    /// <summary>The cluster.</summary>
    public string ClusterId => _kind.ClusterId;

    /// <summary>The gateway by which its network is entered.</summary>
    public GatewayAddress? NetworkGateway => _kind.NetworkGateway;

    /// <summary>A name to resolve when a connection needs an address; empty for none.</summary>
    public string Hostname => _kind.Hostname;

    /// <summary>The Services whose endpoint it is.</summary>
    public ReadOnlySpan<ServiceMembership> Services => _kind.Services;

    /// <summary>Set for workloads that take traffic for others.</summary>
    public ApplicationTunnel? ApplicationTunnel => _kind.ApplicationTunnel;

    /// <summary>Whether it has addresses of its own.</summary>
    public NetworkMode NetworkMode => _kind.NetworkMode;

    /// <summary>Weight among the endpoints of a Service.</summary>
    public uint Capacity => _kind.Capacity;

    /// <summary>The number of addresses.</summary>
    public int AddressCount => _address == NoAddress ? 0 : 1 + More.Length;

    /// <summary>All addresses; allocates, see <see cref="AddressAt"/>.</summary>
    public IReadOnlyList<IpAddress> Addresses => _address == NoAddress ? NoAddresses : [_address, .. More];

    internal WorkloadKind Kind => _kind;

    internal Placement Placement => _placement;

    private ReadOnlySpan<IpAddress> More => _extra is null ? default : _extra.MoreAddresses;

    /// <summary>An address by its position, 0 to <see cref="AddressCount"/> − 1.</summary>
    public IpAddress AddressAt(int index) => index == 0 ? _address : More[index - 1];

    /// <summary>Whether the address is one of the workload's.</summary>
    public bool Owns(IpAddress address) => (_address == address && address != NoAddress) || More.Contains(address);

    /// <summary>The first address of a family.</summary>
    public bool TryGetAddress(bool ipv4, out IpAddress address)
    {
        for (int i = 0; i < AddressCount; i++)
        {
            address = AddressAt(i);
            if (address.IsIPv4 == ipv4)
            {
                return true;
            }
        }

        address = default;
        return false;
    }

    /// <summary>The workload's mapping of a Service's ports; empty when it names none or isn't an endpoint.</summary>
    public PortMap PortsOf(NamespacedHostname service)
    {
        foreach (ServiceMembership membership in _kind.Services)
        {
            if (membership.Service.Equals(service))
            {
                return membership.Ports;
            }
        }

        return PortMap.Empty;
    }

    /// <summary>Whether the uid is this; allocates nothing.</summary>
    public bool HasUid(ReadOnlySpan<char> uid)
    {
        if (_extra?.Uid is string own)
        {
            return uid.SequenceEqual(own);
        }

        string prefix = _kind.UidPrefix, middle = _kind.NamePrefix;
        return uid.Length == prefix.Length + middle.Length + _suffix.Length
            && uid.EndsWith(_suffix, StringComparison.Ordinal)
            && uid.StartsWith(prefix, StringComparison.Ordinal)
            && uid[prefix.Length..].StartsWith(middle, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public override string ToString() => Uid;

    /// <summary>An equal workload that is another object.</summary>
    internal Workload Copy() => (Workload)MemberwiseClone();

    /// <summary>The hash under which the uid is indexed, without joining the parts.</summary>
    internal uint UidHash() => _extra?.Uid is string own ? Indexes.TextHash.Of(own) : Indexes.TextHash.Of(_kind.UidPrefix, _kind.NamePrefix, _suffix);

    /// <summary>Among workloads that share an address the highest is found (ztunnel.md 3.2).</summary>
    internal int AddressRank()
    {
        bool pod = (_extra?.Uid ?? _kind.UidPrefix).Contains("//Pod/", StringComparison.Ordinal);
        return (pod ? 2 : 0) + (Protocol == TunnelProtocol.Hbone ? 1 : 0);
    }

    /// <summary>Replaces the flyweights by equal ones; only before publication.</summary>
    internal void Share(WorkloadKind kind, Placement placement)
    {
        _kind = kind;
        _placement = placement;
    }
}

using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Workloads;

/// <summary>
/// Shares equal parts of workloads and Services. For one writer. What no workload uses any more is dropped by
/// <see cref="Rebuild"/>, so that churn doesn't grow it.
/// </summary>
internal sealed class ModelPool
{
    private const int SmallestSweep = 4096;

    private readonly Dictionary<WorkloadKind, WorkloadKind> _kinds = [];
    private readonly Dictionary<Placement, Placement> _placements = [];
    private readonly Dictionary<NamespacedHostname, NamespacedHostname> _hosts = [];
    private readonly Dictionary<PortMap, PortMap> _ports = [];
    private readonly Dictionary<SpiffeId, SpiffeId> _identities = [];
    private readonly Dictionary<GatewayAddress, GatewayAddress> _gateways = [];
    private readonly Dictionary<Locality, Locality> _localities = [];
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private int _sweepAt = SmallestSweep;

    /// <summary>Whether enough was added since the last sweep that one pays.</summary>
    internal bool NeedsSweep => Size > _sweepAt;

    private int Size => _kinds.Count + _placements.Count + _hosts.Count + _texts.Count + _identities.Count;

    internal void Share(Workload workload)
    {
        if (!_kinds.TryGetValue(workload.Kind, out WorkloadKind? kind))
        {
            kind = workload.Kind;
            ShareParts(kind);
            _kinds.Add(kind, kind);
        }

        if (!_placements.TryGetValue(workload.Placement, out Placement? placement))
        {
            Locality locality = workload.Locality;
            placement = new Placement(Share(workload.Node), Share(_localities, locality));
            _placements.Add(placement, placement);
        }

        workload.Share(kind, placement);
    }

    internal void Share(ServiceDefinition service)
    {
        service.Key = Share(service.Key);
        service.Name = Share(service.Name);
        service.Ports = Share(service.Ports);
    }

    /// <summary>Forgets everything but what is in use.</summary>
    internal void Rebuild(IEnumerable<Workload> workloads, IEnumerable<Service> services)
    {
        _kinds.Clear();
        _placements.Clear();
        _hosts.Clear();
        _ports.Clear();
        _identities.Clear();
        _gateways.Clear();
        _localities.Clear();
        _texts.Clear();
        foreach (Workload workload in workloads)
        {
            if (_placements.TryAdd(workload.Placement, workload.Placement))
            {
                _ = _texts.TryAdd(workload.Node, workload.Node);
                _ = _localities.TryAdd(workload.Locality, workload.Locality);
            }

            if (_kinds.TryAdd(workload.Kind, workload.Kind))
            {
                Keep(workload.Kind);
            }
        }

        foreach (Service service in services)
        {
            _ = _hosts.TryAdd(service.Key, service.Key);
            _ = _ports.TryAdd(service.Ports, service.Ports);
        }

        _sweepAt = Math.Max(SmallestSweep, 2 * Size);
    }

    private void Keep(WorkloadKind kind)
    {
        foreach (string text in (ReadOnlySpan<string>)[kind.UidPrefix, kind.NamePrefix, kind.Namespace, kind.Network, kind.WorkloadName, kind.CanonicalName, kind.CanonicalRevision, kind.ClusterId])
        {
            _ = _texts.TryAdd(text, text);
        }

        _ = _identities.TryAdd(kind.Identity, kind.Identity);
        foreach (ServiceMembership membership in kind.Services)
        {
            _ = _hosts.TryAdd(membership.Service, membership.Service);
            _ = _ports.TryAdd(membership.Ports, membership.Ports);
        }

        foreach (GatewayAddress? gateway in (ReadOnlySpan<GatewayAddress?>)[kind.Waypoint, kind.NetworkGateway])
        {
            if (gateway is not null)
            {
                _ = _gateways.TryAdd(gateway, gateway);
            }
        }
    }

    /// <summary>Only before the kind is shared, so no reader sees the change.</summary>
    private void ShareParts(WorkloadKind kind)
    {
        kind.UidPrefix = Share(kind.UidPrefix);
        kind.NamePrefix = Share(kind.NamePrefix);
        kind.Namespace = Share(kind.Namespace);
        kind.Network = Share(kind.Network);
        kind.WorkloadName = Share(kind.WorkloadName);
        kind.CanonicalName = Share(kind.CanonicalName);
        kind.CanonicalRevision = Share(kind.CanonicalRevision);
        kind.ClusterId = Share(kind.ClusterId);
        kind.Identity = Share(kind.Identity);
        kind.Waypoint = Share(kind.Waypoint);
        kind.NetworkGateway = Share(kind.NetworkGateway);
        for (int i = 0; i < kind.Services.Length; i++)
        {
            kind.Services[i] = new ServiceMembership(Share(kind.Services[i].Service), Share(kind.Services[i].Ports));
        }

        for (int i = 0; i < kind.AuthorizationPolicies.Length; i++)
        {
            kind.AuthorizationPolicies[i] = Share(kind.AuthorizationPolicies[i]);
        }
    }

    private SpiffeId Share(SpiffeId identity)
    {
        if (_identities.TryGetValue(identity, out SpiffeId? known))
        {
            return known;
        }

        SpiffeId shared = new(Share(identity.TrustDomain), Share(identity.Namespace), Share(identity.ServiceAccount));
        _identities.Add(shared, shared);
        return shared;
    }

    private NamespacedHostname Share(NamespacedHostname host)
    {
        if (_hosts.TryGetValue(host, out NamespacedHostname? known))
        {
            return known;
        }

        NamespacedHostname shared = new(Share(host.Namespace), host.Hostname);
        _hosts.Add(shared, shared);
        return shared;
    }

    private PortMap Share(PortMap ports) => Share(_ports, ports);

    private GatewayAddress? Share(GatewayAddress? gateway) => gateway is null ? null : Share(_gateways, gateway);

    private string Share(string text) => text.Length == 0 ? "" : Share(_texts, text);

    private static T Share<T>(Dictionary<T, T> pool, T item)
        where T : notnull
    {
        if (pool.TryGetValue(item, out T? known))
        {
            return known;
        }

        pool.Add(item, item);
        return item;
    }
}

using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Chooses an endpoint of a Service (ztunnel.md 3.6). Pure; allocates nothing for Services whose endpoints are workloads'.</summary>
internal readonly ref struct LoadBalancer
{
    private const int QuickTries = 8;

    private readonly Service _service;
    private readonly Workload _source;
    private readonly ushort _port;
    private readonly bool _towardsWaypoint;
    private readonly Random _random;
    private readonly IReadOnlySet<string>? _avoided;

    internal LoadBalancer(Service service, Workload source, ushort port, bool towardsWaypoint, Random random, IReadOnlySet<string>? avoided)
    {
        _service = service;
        _source = source;
        _port = port;
        _towardsWaypoint = towardsWaypoint;
        _random = random;
        _avoided = avoided;
    }

    /// <summary>An endpoint, random by capacity among the best; false when none qualifies.</summary>
    internal bool TryPick(MeshView view, out UpstreamChoice choice)
    {
        choice = default;
        if (!_towardsWaypoint && !_service.Ports.TryGet(_port, out _))
        {
            return false;
        }

        ReadOnlySpan<Workload> workloads = _service.StaticEndpoints.Count == 0 ? _service.Members : view.EndpointWorkloads(_service).ToArray();
        IReadOnlyList<RoutingScope> preferences = _service.Mode is LoadBalancingMode.Strict or LoadBalancingMode.Failover ? _service.LoadBalancing!.Preferences : [];
        if (preferences.Count == 0 && _service.HasEqualWeights && _service.StaticEndpoints.Count == 0 && TryPickQuickly(workloads, out choice))
        {
            return true;
        }

        return TryPickBest(workloads, preferences, out choice);
    }

    /// <summary>When all are equal, throwing again at an unfit one gives each fit one the same chance and looks at few of many.</summary>
    private bool TryPickQuickly(ReadOnlySpan<Workload> workloads, out UpstreamChoice choice)
    {
        for (int i = 0; i < QuickTries && workloads.Length > 0; i++)
        {
            Workload workload = workloads[_random.Next(workloads.Length)];
            if (Qualifies(workload, out ushort port))
            {
                choice = new UpstreamChoice(workload, port, _service);
                return true;
            }
        }

        choice = default;
        return false;
    }

    private bool TryPickBest(ReadOnlySpan<Workload> workloads, IReadOnlyList<RoutingScope> preferences, out UpstreamChoice choice)
    {
        int best = -1;
        long weight = 0;
        foreach (Workload workload in workloads)
        {
            if (!Qualifies(workload, out _) || !TryRank(workload, preferences, out int rank) || rank < best)
            {
                continue;
            }

            weight = (rank > best ? 0 : weight) + workload.Capacity;
            best = rank;
        }

        choice = default;
        if (weight == 0)
        {
            return false;
        }

        long left = _random.NextInt64(weight);
        foreach (Workload workload in workloads)
        {
            if (!Qualifies(workload, out ushort port) || !TryRank(workload, preferences, out int rank) || rank != best)
            {
                continue;
            }

            left -= workload.Capacity;
            if (left < 0)
            {
                choice = new UpstreamChoice(workload, port, _service);
                return true;
            }
        }

        return false;
    }

    private bool TryRank(Workload workload, IReadOnlyList<RoutingScope> preferences, out int rank)
    {
        rank = LocalityRank.Of(preferences, _source, workload, out int matched);
        return _service.Mode != LoadBalancingMode.Strict || matched == preferences.Count;
    }

    private bool Qualifies(Workload workload, out ushort port)
    {
        port = 0;
        if (_avoided is not null && _avoided.Contains(workload.Uid))
        {
            return false;
        }

        bool reachable = workload.AddressCount > 0 || workload.Hostname.Length > 0
            || (workload.NetworkGateway is not null && workload.Network != _source.Network);
        return reachable && PortRule.TryMap(_service, _service.PortsOf(workload), workload, _port, _towardsWaypoint, out port);
    }
}

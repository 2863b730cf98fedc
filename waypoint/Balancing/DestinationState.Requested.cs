using System.Collections.Concurrent;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Names;
using Kind = Ambient.Protocol.L7.NameResolution.Types.Kind;

namespace Ambient.Waypoint.Balancing;

/// <summary>Endpoints that a connection or a request names itself (waypoint reference 2.5, NONE and DYNAMIC_DNS). As of the last <see cref="TryGet"/>.</summary>
internal sealed partial class DestinationState
{
    /// <summary>Names that requests may have chosen at a time.</summary>
    public const int MaxNames = 1024;

    private const int MaxKept = 4096;

    private static readonly Workload Nobody = new(new WorkloadSpec());

    private readonly ConcurrentDictionary<EndpointKey, EndpointState> _requested = [];
    private readonly ConcurrentDictionary<string, ResolvedName> _chosen = new(StringComparer.Ordinal);

    /// <summary>How its endpoints are found.</summary>
    public Kind Naming => _snapshot.Settings?.Names?.Kind ?? Kind.All;

    /// <summary>Whether an endpoint's first connection is made whatever the limit: not where clients choose endpoints, and with them how many there are.</summary>
    public bool MayForce => Naming is not (Kind.ByRequest or Kind.AsDialled) || Connections == 0;

    /// <summary>The endpoint at an address that was dialled; none where nobody may be led.</summary>
    public Candidate[] At(IpAddress address)
    {
        // Whoever writes a single address means it; a range may cover what nobody thought of.
        bool isForbidden = address.IsLoopback || address.IsUnspecified || names?.IsOwn(address) == true
            || (SpecialAddresses.Contains(address) && _snapshot.Found?.Vips.Any(vip => vip.Address == address) != true);
        return isForbidden || _snapshot.Found is not { } found ? [] : [Requested(new EndpointKey(new IpPort(address, TargetOf(found)), null), Nobody)];
    }

    /// <summary>The endpoint of a host that a request asks for; what is to be waited for, if anything. Without both it is nowhere.</summary>
    public ResolvedName? AtName(string host, out Candidate[] candidates)
    {
        candidates = [];
        if (_snapshot.Found is not { } found || names is null || !RequestedName.TryRead(host, service.Hostname, out string? full) || NameOf(names, full) is not { } name)
        {
            return null;
        }

        name.Touch();
        if (name.Answer is not { } answer)
        {
            return name;
        }

        if (answer.InOrder.Length > 0)
        {
            candidates = [Requested(RaceOrder.Of(answer.InOrder, TargetOf(found), null), Nobody)];
        }

        return null;
    }

    private ushort TargetOf(Service found) => found.Ports.TryGet(port, out ushort target) && target > 0 ? target : port;

    private ResolvedName? NameOf(NameTable table, string full)
    {
        if (_chosen.TryGetValue(full, out ResolvedName? known) && !known.IsDropped)
        {
            return known;
        }

        return known is null && _chosen.Count >= MaxNames && !TryMakeRoom(table) ? null : _chosen[full] = table.Get(full, isOnDemand: true);
    }

    // The one that was not used for longest goes; those in use stay, whoever comes.
    private bool TryMakeRoom(NameTable table)
    {
        KeyValuePair<string, ResolvedName> oldest = default;
        foreach (KeyValuePair<string, ResolvedName> held in _chosen)
        {
            if (held.Value.IsDropped)
            {
                _chosen.TryRemove(held);
            }
            else if (oldest.Value is null || held.Value.LastUsed < oldest.Value.LastUsed)
            {
                oldest = held;
            }
        }

        if (_chosen.Count >= MaxNames && oldest.Value is { } idle && idle.LastUsed < table.Epoch && _chosen.TryRemove(oldest))
        {
            table.Drop(idle);
        }

        return _chosen.Count < MaxNames;
    }

    private Candidate Requested(EndpointKey key, Workload workload)
    {
        if (!_requested.TryGetValue(key, out EndpointState? state))
        {
            foreach (KeyValuePair<EndpointKey, EndpointState> idle in _requested.Count >= MaxKept ? _requested.Where(static held => held.Value.Active == 0) : [])
            {
                _requested.TryRemove(idle);
            }

            state = _requested.GetOrAdd(key, static _ => new EndpointState());
        }

        return new Candidate(key, workload, state) { IsKnown = false };
    }
}

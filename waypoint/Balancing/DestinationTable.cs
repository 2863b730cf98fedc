using System.Collections.Concurrent;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Names;

namespace Ambient.Waypoint.Balancing;

/// <summary>All destinations that were ever used: services, bounded by what routes can name, and workloads that were dialled themselves. Thread-safe.</summary>
internal sealed class DestinationTable(Func<MeshView, Workload?>? self = null, Func<NameTable?>? names = null, Func<string?>? network = null, Action<NamespacedHostname>? used = null)
{
    // Clients may dial any port of a workload.
    private const int MaxDialled = 4096;

    private readonly ConcurrentDictionary<(NamespacedHostname Service, ushort Port, string Subset), DestinationState> _states = [];
    private readonly ConcurrentDictionary<DialledWorkload, DestinationState> _dialled = [];

    /// <summary>Those that were used so far.</summary>
    public IEnumerable<DestinationState> Used => _states.Values.Concat(_dialled.Values);

    public DestinationState Get(NamespacedHostname service, ushort port, string subset) =>
        _states.TryGetValue((service, port, subset), out DestinationState? known) ? known : Begin(service, port, subset);

    private DestinationState Begin(NamespacedHostname service, ushort port, string subset)
    {
        // Connections may lead there as long as they last, whatever becomes of the routes that they came by.
        used?.Invoke(service);
        return _states.GetOrAdd((service, port, subset), key => new DestinationState(key.Service, key.Port, key.Subset, self, names: names?.Invoke(), network: network));
    }

    /// <summary>The same for somebody who only looks: what was never used leaves nothing behind.</summary>
    public DestinationState Look(NamespacedHostname service, ushort port, string subset) =>
        _states.TryGetValue((service, port, subset), out DestinationState? used) ? used : new DestinationState(service, port, subset, self, names: names?.Invoke(), network: network);

    /// <summary>One workload and nobody else.</summary>
    public DestinationState Get(DialledWorkload workload)
    {
        if (_dialled.TryGetValue(workload, out DestinationState? known))
        {
            return known;
        }

        if (_dialled.Count >= MaxDialled)
        {
            foreach ((DialledWorkload key, DestinationState idle) in _dialled)
            {
                if (idle.IsUnused)
                {
                    _dialled.TryRemove(key, out _);
                }
            }
        }

        return _dialled.GetOrAdd(workload, static key => new DestinationState(new NamespacedHostname("", ""), key.Address.Port, "", dialled: key));
    }
}

using System.Collections.Concurrent;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>All destinations that were ever used; bounded by what routes can name. Thread-safe.</summary>
internal sealed class DestinationTable(Func<MeshView, Workload?>? self = null)
{
    private readonly ConcurrentDictionary<(NamespacedHostname Service, ushort Port, string Subset), DestinationState> _states = [];

    public DestinationState Get(NamespacedHostname service, ushort port, string subset) =>
        _states.GetOrAdd((service, port, subset), key => new DestinationState(key.Service, key.Port, key.Subset, self));
}

using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>Where this waypoint runs, for endpoints nearby. Thread-safe.</summary>
/// <param name="identity">Who we are; all replicas are the same.</param>
/// <param name="network">The own network.</param>
/// <param name="address">The own pod's address; null when nobody said.</param>
internal sealed class OwnPlace(SpiffeId identity, string network, IpAddress? address)
{
    private volatile Found? _last;

    /// <summary>The own workload; null when it is not known, and nothing is near.</summary>
    public Workload? Find(MeshView view)
    {
        Found? last = _last;
        if (last?.View != view)
        {
            Workload? workload = address is { } own && view.FindWorkload(new NetworkAddress(network, own)) is { } exact ? exact : view.Workloads.FirstOrDefault(candidate => candidate.Identity == identity);
            _last = last = new Found(view, workload);
        }

        return last.Workload;
    }

    /// <summary>The own pod, and no other replica, where its address is known; null when the view does not have it.</summary>
    public Workload? FindOwn(MeshView view) => address is not { } own ? Find(view)
        : view.FindWorkload(new NetworkAddress(network, own)) is { } found && found.Identity == identity ? found : null;

    private sealed record Found(MeshView View, Workload? Workload);
}

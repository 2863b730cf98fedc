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
    /// <summary>The own workload; null when it is not known, and nothing is near.</summary>
    public Workload? Find(MeshView view) =>
        address is { } own && view.FindWorkload(new NetworkAddress(network, own)) is { } exact ? exact : view.Workloads.FirstOrDefault(workload => workload.Identity == identity);
}

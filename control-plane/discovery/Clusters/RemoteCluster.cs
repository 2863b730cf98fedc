using Ambient.ControlPlane.Discovery.Waypoints;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>What the merge knows of another cluster. Used under the merge's lock.</summary>
internal sealed class RemoteCluster
{
    internal Dictionary<string, ServiceClaim> Services { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, RemoteWorkload> Workloads { get; } = new(StringComparer.Ordinal);

    internal IReadOnlyList<NetworkGateway> Gateways { get; set; } = [];

    internal string Network { get; set; } = "";
}

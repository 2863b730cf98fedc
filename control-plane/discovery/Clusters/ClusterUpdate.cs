using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>What changed in a cluster, and what the others need to know of it. Immutable.</summary>
/// <param name="Changes">The resources, as the cluster alone would have them.</param>
/// <param name="Network">The cluster's network.</param>
/// <param name="Gateways">Where others come in; the same list while they are the same.</param>
/// <param name="Globals">Which of the changed services are reachable from other clusters.</param>
internal sealed record ClusterUpdate(IReadOnlyList<ResourceChange> Changes, string Network, IReadOnlyList<NetworkGateway> Gateways, IReadOnlySet<string> Globals);

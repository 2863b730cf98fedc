using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Workloads;

/// <summary>What a workload depends on besides its own object. Immutable.</summary>
/// <param name="Settings">The mesh.</param>
/// <param name="Network">The cluster's network.</param>
/// <param name="Locality">Where its node is; null when unknown.</param>
/// <param name="Services">The services that it is an endpoint of.</param>
/// <param name="Policies">The keys of the policies that it lists, in order.</param>
/// <param name="Waypoint">Its waypoint; null: none.</param>
/// <param name="Tunnel">How its own ztunnel hands on traffic, when it is an instance of a waypoint.</param>
/// <param name="Groups">The groups that it is in beside its services: those whom its waypoint serves.</param>
internal sealed record WorkloadContext(
    MeshSettings Settings,
    string Network,
    Locality? Locality,
    IReadOnlyList<ServiceView> Services,
    IReadOnlyList<string> Policies,
    GatewayAddress? Waypoint,
    ApplicationTunnel? Tunnel,
    IReadOnlyList<string> Groups);

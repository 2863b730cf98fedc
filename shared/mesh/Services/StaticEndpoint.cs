using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Services;

/// <summary>An endpoint that a Service lists itself (local file only); on the wire workloads name their Services. Immutable.</summary>
/// <param name="WorkloadUid">The workload, which may be unknown.</param>
/// <param name="Ports">The endpoint's own mapping of service ports.</param>
/// <param name="Status">The endpoint's readiness.</param>
public sealed record StaticEndpoint(string WorkloadUid, PortMap Ports, WorkloadStatus Status);

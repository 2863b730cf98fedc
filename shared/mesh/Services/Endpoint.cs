using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Services;

/// <summary>One endpoint of a Service. Immutable.</summary>
/// <param name="WorkloadUid">The workload's uid.</param>
/// <param name="Ports">The endpoint's own mapping of service ports.</param>
/// <param name="Status">Readiness.</param>
/// <param name="Workload">The workload; null for an endpoint of a local file whose workload isn't looked up yet.</param>
public readonly record struct Endpoint(string WorkloadUid, PortMap Ports, WorkloadStatus Status, Workload? Workload);

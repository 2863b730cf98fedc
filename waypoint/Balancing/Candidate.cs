using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>An endpoint that may be chosen. Immutable.</summary>
internal sealed record Candidate(EndpointKey Key, Workload Workload, EndpointState State);

using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Forwarding;

namespace Ambient.Waypoint.Observation;

/// <summary>Everything that the labels of a request follow from. Immutable.</summary>
internal readonly record struct RequestKind(Workload? Source, SpiffeId? Client, Workload? Endpoint, NamespacedHostname? Service, int Status, string GrpcStatus, ResponseFlags Flags, bool IsGrpc);

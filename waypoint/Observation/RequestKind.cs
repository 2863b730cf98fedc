using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Forwarding;

namespace Ambient.Waypoint.Observation;

/// <summary>
/// Everything that the labels of a request follow from. Immutable. Its parts are the same objects from request to request, so that comparing two kinds compares
/// references.
/// </summary>
internal readonly record struct RequestKind(Workload? Source, SpiffeId? Client, Workload? Endpoint, NamespacedHostname? Service, int Status, string GrpcStatus, ResponseFlags Flags, bool IsGrpc)
{
    /// <summary>The kind of a request or connection that is over.</summary>
    public static RequestKind Of(RequestRecord record, Workload? source, SpiffeId? client) =>
        new(source, client, record.Endpoint, record.Service, record.Status, record.IsGrpc ? record.GrpcStatus : "", record.Flags, record.IsGrpc);

    /// <summary>The two peers alone, which is all that gRPC's message counters name.</summary>
    public RequestKind Peers() => this with { Status = 0, GrpcStatus = "", Flags = ResponseFlags.None };
}

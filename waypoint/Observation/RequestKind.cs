using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Observation.Plans;

namespace Ambient.Waypoint.Observation;

/// <summary>
/// Everything that the labels of a request follow from. Immutable. Its parts are the same objects from request to request, so that comparing two kinds compares
/// references.
/// </summary>
/// <param name="Source">Who calls, if known.</param>
/// <param name="Client">The caller's proved identity.</param>
/// <param name="Endpoint">Who answers, if anybody.</param>
/// <param name="Service">The service that the route chose.</param>
/// <param name="Status">HTTP's status.</param>
/// <param name="GrpcStatus">gRPC's status.</param>
/// <param name="Flags">What happened.</param>
/// <param name="IsGrpc">Whether it is gRPC.</param>
/// <param name="Plan">Which metrics with which labels.</param>
/// <param name="Computed">The plan's expressions for this request, each ended by <see cref="Separator"/>.</param>
internal readonly record struct RequestKind(
    Workload? Source, SpiffeId? Client, Workload? Endpoint, NamespacedHostname? Service, int Status, string GrpcStatus, ResponseFlags Flags, bool IsGrpc, MetricPlan Plan, string Computed)
{
    /// <summary>Between values of expressions.</summary>
    public const char Separator = '\u0001';

    /// <summary>Whether a gateway tells it, for which it is a request of its own to the endpoint: then source and client are the gateway itself.</summary>
    public bool IsEdge { get; init; }

    /// <summary>Compared for each request: workloads by reference, then what differs most often, and nothing is boxed.</summary>
    public bool Equals(RequestKind other) =>
        Status == other.Status
        && (int)Flags == (int)other.Flags
        && IsGrpc == other.IsGrpc
        && IsEdge == other.IsEdge
        && ReferenceEquals(Source, other.Source)
        && ReferenceEquals(Endpoint, other.Endpoint)
        && AreEqual(Client, other.Client)
        && AreEqual(Service, other.Service)
        && AreEqual(Plan, other.Plan)
        && string.Equals(GrpcStatus, other.GrpcStatus, StringComparison.Ordinal)
        && string.Equals(Computed, other.Computed, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, Client, Endpoint, Service, (Status << 16) ^ (int)Flags, GrpcStatus, Plan, Computed);

    /// <summary>The two peers alone, which is all that gRPC's message counters name.</summary>
    public RequestKind Peers() => this with { Status = 0, GrpcStatus = "", Flags = ResponseFlags.None };

    private static bool AreEqual<T>(T? left, T? right)
        where T : class, IEquatable<T> => ReferenceEquals(left, right) || (left is not null && left.Equals(right));
}

using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Observation;

/// <summary>The labels of Istio's standard metrics, in their order (waypoint reference 4.2). Pure.</summary>
internal static class PeerLabels
{
    private const string Unknown = "unknown";

    /// <summary>Both peers: all that gRPC's message counters have.</summary>
    public static readonly string[] Names =
    [
        "reporter",
        "source_workload",
        "source_canonical_service",
        "source_canonical_revision",
        "source_workload_namespace",
        "source_principal",
        "source_app",
        "source_version",
        "source_cluster",
        "destination_workload",
        "destination_workload_namespace",
        "destination_principal",
        "destination_app",
        "destination_version",
        "destination_service",
        "destination_canonical_service",
        "destination_canonical_revision",
        "destination_service_name",
        "destination_service_namespace",
        "destination_cluster",
    ];

    /// <summary>Requests.</summary>
    public static readonly string[] HttpNames = [.. Names, "request_protocol", "response_code", "grpc_response_status", "response_flags", "connection_security_policy"];

    /// <summary>Connections without HTTP.</summary>
    public static readonly string[] TcpNames = [.. Names, "request_protocol", "response_flags", "connection_security_policy"];

    /// <summary>The values for <see cref="Names"/>.</summary>
    public static string[] Of(in RequestKind kind)
    {
        Workload? source = kind.Source;
        Workload? destination = kind.Endpoint;
        string service = kind.Service?.Hostname ?? Unknown;
        string fallback = kind.IsEdge ? "latest" : Unknown;
        int dot = service.IndexOf('.', StringComparison.Ordinal);
        return
        [
            Reporter(kind),
            Or(source?.WorkloadName),
            Or(source?.CanonicalName),
            Or(source?.CanonicalRevision, "latest"),
            Or(kind.Client?.Namespace ?? source?.Namespace),
            Or(kind.IsEdge && destination?.Protocol is not TunnelProtocol.Hbone ? null : kind.Client?.ToString()),
            Or(source?.CanonicalName),
            Or(source?.CanonicalRevision),
            Or(source?.ClusterId),
            Or(destination?.WorkloadName),
            Or(destination?.Namespace),
            Or(destination?.Identity.ToString()),
            Or(destination?.CanonicalName),
            Or(destination?.CanonicalRevision),
            service,
            Or(destination?.CanonicalName),
            Or(destination?.CanonicalRevision, fallback),
            dot <= 0 ? service : service[..dot],
            Or(kind.Service?.Namespace ?? (kind.IsEdge ? destination?.Namespace : null)),
            Or(destination?.ClusterId),
        ];
    }

    /// <summary>What stands for everything that has no series of its own any more.</summary>
    public static string[] Overflow(in RequestKind kind) => [Reporter(kind), .. Enumerable.Repeat(Unknown, Names.Length - 1)];

    /// <summary>A gRPC status as a label: backends may send any text as one.</summary>
    public static string GrpcStatus(ReadOnlySpan<char> text) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int status) && status <= 16
            ? status.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : "-1";

    // Istio's gateways are clients: they report as sidecars do for what leaves.
    private static string Reporter(in RequestKind kind) => kind.IsEdge ? "source" : "waypoint";

    private static string Or(string? value, string otherwise = Unknown) => string.IsNullOrEmpty(value) ? otherwise : value;
}

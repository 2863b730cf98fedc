using System.Globalization;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>Istio's standard metrics as a waypoint reports them (waypoint reference 4.1, 4.2). Thread-safe.</summary>
internal sealed class RequestMetrics
{
    private const string Unknown = "unknown";
    private static readonly double[] Buckets = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000];

    private static readonly string[] Peers =
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

    private readonly MetricFamily _requests;
    private readonly HistogramFamily _duration;
    private readonly HistogramFamily _requestBytes;
    private readonly HistogramFamily _responseBytes;
    private readonly MetricFamily _opened;
    private readonly MetricFamily _closed;
    private readonly MetricFamily _sent;
    private readonly MetricFamily _received;

    /// <summary>Adds the families to the registry.</summary>
    public RequestMetrics(MetricRegistry registry)
    {
        string[] http = [.. Peers, "request_protocol", "response_code", "grpc_response_status", "response_flags", "connection_security_policy"];
        string[] tcp = [.. Peers, "request_protocol", "response_flags", "connection_security_policy"];
        _requests = registry.AddCounter("istio_requests", "Requests that are over.", http);
        _duration = registry.AddHistogram("istio_request_duration_milliseconds", "From the request to the last byte of its answer.", null, Buckets, http);
        _requestBytes = registry.AddHistogram("istio_request_bytes", "Bytes of requests.", null, Buckets, http);
        _responseBytes = registry.AddHistogram("istio_response_bytes", "Bytes of responses.", null, Buckets, http);
        _opened = registry.AddCounter("istio_tcp_connections_opened", "Connections that were opened.", tcp);
        _closed = registry.AddCounter("istio_tcp_connections_closed", "Connections that are over.", tcp);
        _sent = registry.AddCounter("istio_tcp_sent_bytes", "Bytes sent to clients.", tcp);
        _received = registry.AddCounter("istio_tcp_received_bytes", "Bytes received from clients.", tcp);
    }

    /// <summary>The series of requests with these labels.</summary>
    public RequestSeries SeriesOf(InboundTunnel tunnel, RequestRecord record, Workload? source)
    {
        string?[] labels =
        [
            .. PeersOf(tunnel, record, source),
            record.IsGrpc ? "grpc" : "http",
            record.Status.ToString(CultureInfo.InvariantCulture),
            record.GrpcStatus,
            ResponseFlagText.Of(record.Flags),
            Security(tunnel),
        ];
        return new RequestSeries(_requests.With(labels).NewCell(), _duration.With(labels), _requestBytes.With(labels), _responseBytes.With(labels));
    }

    /// <summary>A connection is over.</summary>
    public void CountTcp(InboundTunnel tunnel, RequestRecord record, Workload? source)
    {
        string?[] labels = [.. PeersOf(tunnel, record, source), "tcp", ResponseFlagText.Of(record.Flags), Security(tunnel)];
        _opened.With(labels).Increment();
        _closed.With(labels).Increment();
        _sent.With(labels).Add(record.BytesSent);
        _received.With(labels).Add(record.BytesReceived);
    }

    private static string Security(InboundTunnel tunnel) => tunnel.Facts.Client is null ? "none" : "mutual_tls";

    private static string?[] PeersOf(InboundTunnel tunnel, RequestRecord record, Workload? source)
    {
        Workload? destination = record.Endpoint;
        string service = record.Service?.Hostname ?? Unknown;
        int dot = service.IndexOf('.', StringComparison.Ordinal);
        return
        [
            "waypoint",
            Or(source?.WorkloadName),
            Or(source?.CanonicalName),
            Or(source?.CanonicalRevision, "latest"),
            Or(tunnel.Facts.Client?.Namespace ?? source?.Namespace),
            Or(tunnel.Facts.Client?.ToString()),
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
            Or(destination?.CanonicalRevision),
            dot < 0 ? service : service[..dot],
            Or(record.Service?.Namespace),
            Or(destination?.ClusterId),
        ];
    }

    private static string Or(string? value, string otherwise = Unknown) => string.IsNullOrEmpty(value) ? otherwise : value;
}

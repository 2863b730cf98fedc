using System.Globalization;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Forwarding;

namespace Ambient.Waypoint.Observation;

/// <summary>Istio's standard metrics as a waypoint reports them (waypoint reference 4.1, 4.2). Thread-safe.</summary>
/// <remarks>
/// Backends, callers and rules decide how many series there are. Beyond <see cref="SeriesLimit"/> per metric, what is new is counted under labels that name nobody,
/// and <c>ambient_waypoint_metric_series_refused_total</c> rises: totals stay right, memory stays bounded.
/// </remarks>
internal sealed class RequestMetrics
{
    /// <summary>Series of one metric.</summary>
    public const int DefaultSeriesLimit = 4096;

    // Envoy's usual ones.
    private static readonly double[] Buckets = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000];

    private readonly MetricFamily _requests;
    private readonly HistogramFamily _duration;
    private readonly HistogramFamily _requestBytes;
    private readonly HistogramFamily _responseBytes;
    private readonly MetricFamily _requestMessages;
    private readonly MetricFamily _responseMessages;
    private readonly MetricFamily _opened;
    private readonly MetricFamily _closed;
    private readonly MetricFamily _sent;
    private readonly MetricFamily _received;
    private readonly MetricSeries _refused;

    /// <summary>Adds the families to the registry.</summary>
    public RequestMetrics(MetricRegistry registry, int seriesLimit = DefaultSeriesLimit)
    {
        SeriesLimit = seriesLimit;
        _requests = registry.AddCounter("istio_requests", "Requests that are over.");
        _duration = registry.AddHistogram("istio_request_duration_milliseconds", "From the request to the last byte of its answer.", null, Buckets);
        _requestBytes = registry.AddHistogram("istio_request_bytes", "Bytes of requests.", null, Buckets);
        _responseBytes = registry.AddHistogram("istio_response_bytes", "Bytes of responses.", null, Buckets);
        _requestMessages = registry.AddCounter("istio_request_messages", "gRPC messages of clients.");
        _responseMessages = registry.AddCounter("istio_response_messages", "gRPC messages of servers.");
        _opened = registry.AddCounter("istio_tcp_connections_opened", "Connections that were opened.");
        _closed = registry.AddCounter("istio_tcp_connections_closed", "Connections that are over.");
        _sent = registry.AddCounter("istio_tcp_sent_bytes", "Bytes sent to clients.");
        _received = registry.AddCounter("istio_tcp_received_bytes", "Bytes received from clients.");
        _refused = registry.AddCounter("ambient_waypoint_metric_series_refused", "Kinds of requests that are counted without their labels, because there are too many.").With();
        registry.AddGauge("istio_build", "Istio component build info.", "component", "tag").With("proxy", typeof(RequestMetrics).Assembly.GetName().Version?.ToString(3) ?? "0.0.0").Set(1);
    }

    /// <summary>How many series a metric may have.</summary>
    public int SeriesLimit { get; }

    /// <summary>The cells of one loop for requests of this kind.</summary>
    public RequestSeries SeriesOf(int loop, in RequestKind kind)
    {
        MetricLabels labels = HttpLabels(PeerLabels.Of(kind), kind);
        if (_requests.Count >= SeriesLimit && !_requests.Contains(labels))
        {
            _refused.Increment();
            labels = HttpLabels(PeerLabels.Overflow(), kind with { GrpcStatus = "", Flags = ResponseFlags.None });
        }

        return new RequestSeries(
            _requests.With(labels).CellOf(loop),
            _duration.With(labels).CellOf(loop),
            _requestBytes.With(labels).CellOf(loop),
            _responseBytes.With(labels).CellOf(loop));
    }

    /// <summary>The cells of one loop for gRPC messages between these peers.</summary>
    public MessageSeries MessagesOf(int loop, in RequestKind kind)
    {
        MetricLabels labels = MetricLabels.Of(PeerLabels.Names, PeerLabels.Of(kind));
        if (_requestMessages.Count >= SeriesLimit && !_requestMessages.Contains(labels))
        {
            _refused.Increment();
            labels = MetricLabels.Of(PeerLabels.Names, PeerLabels.Overflow());
        }

        return new MessageSeries(_requestMessages.With(labels).CellOf(loop), _responseMessages.With(labels).CellOf(loop));
    }

    /// <summary>The cells of one loop for connections of this kind.</summary>
    public ConnectionSeries ConnectionsOf(int loop, in RequestKind kind)
    {
        MetricLabels labels = TcpLabels(PeerLabels.Of(kind), kind);
        if (_received.Count >= SeriesLimit && !_received.Contains(labels))
        {
            _refused.Increment();
            labels = TcpLabels(PeerLabels.Overflow(), kind with { Flags = ResponseFlags.None });
        }

        return new ConnectionSeries(_opened.With(labels).CellOf(loop), _closed.With(labels).CellOf(loop), _sent.With(labels).CellOf(loop), _received.With(labels).CellOf(loop));
    }

    private static MetricLabels HttpLabels(string[] peers, in RequestKind kind) => MetricLabels.Of(
        PeerLabels.HttpNames,
        [.. peers, kind.IsGrpc ? "grpc" : "http", kind.Status.ToString(CultureInfo.InvariantCulture), kind.GrpcStatus, ResponseFlagText.Of(kind.Flags), Security(kind)]);

    private static MetricLabels TcpLabels(string[] peers, in RequestKind kind) =>
        MetricLabels.Of(PeerLabels.TcpNames, [.. peers, "tcp", ResponseFlagText.Of(kind.Flags), Security(kind)]);

    private static string Security(in RequestKind kind) => kind.Client is null ? "none" : "mutual_tls";
}

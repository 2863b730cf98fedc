using System.Globalization;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Limits;
using Ambient.Waypoint.Observation.Plans;

namespace Ambient.Waypoint.Observation;

/// <summary>Istio's standard metrics as a waypoint reports them (waypoint reference 4.1, 4.2), and a gateway (as Istio's, a client). Thread-safe.</summary>
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

    /// <summary>Adds the families to the registry. What limits on trial would have refused is logged, too, where there is a log for it.</summary>
    public RequestMetrics(MetricRegistry registry, int seriesLimit = DefaultSeriesLimit, Logger? limits = null)
    {
        SeriesLimit = seriesLimit;
        DryRun = new DryRunMetrics(registry);
        LostMirrors = new LostMirrors(registry);
        Limits = new LimitMetrics(registry) { Log = limits };
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

    /// <summary>What policies on trial would have said.</summary>
    public DryRunMetrics DryRun { get; }

    /// <summary>Copies of requests that were lost.</summary>
    public LostMirrors LostMirrors { get; }

    /// <summary>Whom limits let pass.</summary>
    public LimitMetrics Limits { get; }

    /// <summary>The cells of one loop for requests of this kind.</summary>
    public RequestSeries SeriesOf(int loop, in RequestKind kind)
    {
        Labels labels = new(kind, HttpValues(PeerLabels.Of(kind), kind), HttpValues(PeerLabels.Overflow(kind), kind with { GrpcStatus = "", Flags = ResponseFlags.None }));
        return new RequestSeries(
            Cell(_requests, IstioMetric.Requests, labels, loop),
            Cell(_duration, IstioMetric.Duration, labels, loop),
            Cell(_requestBytes, IstioMetric.RequestBytes, labels, loop),
            Cell(_responseBytes, IstioMetric.ResponseBytes, labels, loop));
    }

    /// <summary>The cells of one loop for gRPC messages between these peers.</summary>
    public MessageSeries MessagesOf(int loop, in RequestKind kind)
    {
        Labels labels = new(kind, PeerLabels.Of(kind), PeerLabels.Overflow(kind));
        return new MessageSeries(Cell(_requestMessages, IstioMetric.RequestMessages, labels, loop), Cell(_responseMessages, IstioMetric.ResponseMessages, labels, loop));
    }

    /// <summary>The cells of one loop for connections of this kind.</summary>
    public ConnectionSeries ConnectionsOf(int loop, in RequestKind kind)
    {
        Labels labels = new(kind, TcpValues(PeerLabels.Of(kind), kind), TcpValues(PeerLabels.Overflow(kind), kind with { Flags = ResponseFlags.None }));
        return new ConnectionSeries(
            Cell(_opened, IstioMetric.ConnectionsOpened, labels, loop),
            Cell(_closed, IstioMetric.ConnectionsClosed, labels, loop),
            Cell(_sent, IstioMetric.SentBytes, labels, loop),
            Cell(_received, IstioMetric.ReceivedBytes, labels, loop));
    }

    private static string[] HttpValues(string[] peers, in RequestKind kind) =>
        [.. peers, kind.IsGrpc ? "grpc" : "http", kind.Status.ToString(CultureInfo.InvariantCulture), kind.GrpcStatus, ResponseFlagText.Of(kind.Flags), Security(kind)];

    private static string[] TcpValues(string[] peers, in RequestKind kind) => [.. peers, "tcp", ResponseFlagText.Of(kind.Flags), Security(kind)];

    // Who sends does not say how; who receives knows.
    private static string Security(in RequestKind kind) => kind.IsEdge ? "unknown" : kind.Client is null ? "none" : "mutual_tls";

    private CounterCell? Cell(MetricFamily family, IstioMetric metric, Labels labels, int loop)
    {
        if (labels.Of(metric) is not { } own)
        {
            return null;
        }

        if (family.Count >= SeriesLimit && !family.Contains(own))
        {
            _refused.Increment();
            own = labels.OverflowOf(metric);
        }

        return family.With(own).CellOf(loop);
    }

    private HistogramCell? Cell(HistogramFamily family, IstioMetric metric, Labels labels, int loop)
    {
        if (labels.Of(metric) is not { } own)
        {
            return null;
        }

        if (family.Count >= SeriesLimit && !family.Contains(own))
        {
            _refused.Increment();
            own = labels.OverflowOf(metric);
        }

        return family.With(own).CellOf(loop);
    }

    /// <summary>The labels of one kind of request for several metrics; those that are the same are one text.</summary>
    private sealed class Labels(in RequestKind kind, string[] usual, string[] overflow)
    {
        private readonly MetricPlan _plan = kind.Plan;
        private readonly string[] _computed = kind.Computed.Split(RequestKind.Separator);
        private LabelLayout? _layout;
        private MetricLabels _text = MetricLabels.None;

        public MetricLabels? Of(IstioMetric metric)
        {
            if (_plan[metric] is not { } layout)
            {
                return null;
            }

            if (!ReferenceEquals(layout, _layout))
            {
                (_layout, _text) = (layout, layout.Render(usual, _computed));
            }

            return _text;
        }

        public MetricLabels OverflowOf(IstioMetric metric) => _plan[metric]!.Render(overflow, []);
    }
}

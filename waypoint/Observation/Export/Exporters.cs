using Ambient.Protocol.L7;
using Ambient.Protocol.OpenTelemetry;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Observation.Traces;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>
/// Everything that leaves the waypoint as telemetry: files of access logs, and exporters by provider. They outlive configurations: the same provider is the same
/// exporter; one that no configuration names any more ends. Thread-safe.
/// </summary>
internal sealed class Exporters : IAsyncDisposable
{
    private readonly WaypointOptions _options;
    private readonly Logger _log;
    private readonly TimeProvider _clock;
    private readonly MetricFamily _items;
    private readonly Lock _gate = new();
    private readonly Dictionary<TelemetryProvider, IAsyncDisposable> _exporters = [];
    private readonly HashSet<TelemetryProvider> _used = [];
    private readonly Lazy<LineLog> _output;
    private readonly Lazy<LineLog> _error;

    public Exporters(WaypointOptions options, MetricRegistry metrics, Logger log, TimeProvider clock)
    {
        _options = options;
        _log = log;
        _clock = clock;
        _items = metrics.AddCounter("ambient_waypoint_telemetry_items", "Spans and log records for collectors, by what became of them.", "provider", "outcome");
        _output = new Lazy<LineLog>(static () => new LineLog(new StandardOutputSink()));
        _error = new Lazy<LineLog>(static () => new LineLog(new StandardOutputSink(isError: true)));
        metrics.Add(new AccessLogMetrics(() => (Lines(_output), Lines(_error))));
    }

    /// <summary>The file that lines go to: standard output or error, nothing else is a file in a container.</summary>
    public LineLog File(string path) => path == "/dev/stderr" ? _error.Value : _output.Value;

    /// <summary>Who takes spans for this provider; null when it takes none.</summary>
    public ISpanSink? Spans(TelemetryProvider provider) => provider.KindCase is TelemetryProvider.KindOneofCase.OtlpTraces or TelemetryProvider.KindOneofCase.Zipkin
        ? (ISpanSink)Get(provider, NewSpans)
        : null;

    /// <summary>Who takes log records for this provider; null when it takes none.</summary>
    public ILogSender? Logs(TelemetryProvider provider) => provider.KindCase == TelemetryProvider.KindOneofCase.OtlpLogs ? (ILogSender)Get(provider, NewLogs) : null;

    /// <summary>A configuration is about to be compiled.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _used.Clear();
        }
    }

    /// <summary>It is in force: what it did not name ends, in the background.</summary>
    public void EndUnused()
    {
        lock (_gate)
        {
            foreach (TelemetryProvider provider in _exporters.Keys.Where(provider => !_used.Contains(provider)).ToArray())
            {
                _exporters.Remove(provider, out IAsyncDisposable? exporter);
                _ = EndAsync(exporter!);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable exporter in _exporters.Values)
        {
            await EndAsync(exporter);
        }

        foreach (Lazy<LineLog> file in new[] { _output, _error })
        {
            if (file.IsValueCreated)
            {
                file.Value.Dispose();
            }
        }
    }

    private static (long Written, long Dropped) Lines(Lazy<LineLog> file) => file.IsValueCreated ? (file.Value.LinesWritten, file.Value.LinesDropped) : (0, 0);

    private static async Task EndAsync(IAsyncDisposable exporter) => await exporter.DisposeAsync();

    private IAsyncDisposable Get(TelemetryProvider provider, Func<TelemetryProvider, IAsyncDisposable> make)
    {
        lock (_gate)
        {
            _used.Add(provider);
            if (!_exporters.TryGetValue(provider, out IAsyncDisposable? exporter))
            {
                _exporters[provider.Clone()] = exporter = make(provider);
            }

            return exporter;
        }
    }

    private SpanExporter NewSpans(TelemetryProvider provider)
    {
        ExportCounters counters = new(provider.Name, _items);
        string service = NodeName.ServiceOf(_options);
        if (provider.Zipkin is { } zipkin)
        {
            CollectorClient post = new(zipkin.Host, zipkin.Port, zipkin.Path.Length > 0 ? zipkin.Path : "/api/v2/spans", isGrpc: false, "application/json", [], 5000);
            return new SpanExporter(new BatchExporter<FinishedSpan>((spans, cancellation) => post.SendAsync(ZipkinMessages.Of(spans, service), cancellation), counters, _log, _clock), post);
        }

        CollectorClient client = NewClient(provider.OtlpTraces, OtlpMessages.TraceMethod);
        Resource resource = OtlpMessages.ResourceOf(service, NodeName.Of(_options), service);
        return new SpanExporter(new BatchExporter<FinishedSpan>((spans, cancellation) => client.SendAsync(OtlpMessages.Of(spans, resource), cancellation), counters, _log, _clock), client);
    }

    private LogExporter NewLogs(TelemetryProvider provider)
    {
        ExportCounters counters = new(provider.Name, _items);
        string service = NodeName.ServiceOf(_options);
        CollectorClient client = NewClient(provider.OtlpLogs, OtlpMessages.LogMethod);
        Resource resource = OtlpMessages.ResourceOf(service, NodeName.Of(_options), service);
        return new LogExporter(new BatchExporter<LogRecordData>((records, cancellation) => client.SendAsync(OtlpMessages.Of(records, resource), cancellation), counters, _log, _clock), client);
    }

    private static CollectorClient NewClient(OtlpEndpoint endpoint, string method) => endpoint.Path.Length > 0
        ? new CollectorClient(endpoint.Host, endpoint.Port, endpoint.Path, isGrpc: false, "application/x-protobuf", endpoint.Headers, endpoint.TimeoutMs)
        : new CollectorClient(endpoint.Host, endpoint.Port, method, isGrpc: true, "", endpoint.Headers, endpoint.TimeoutMs);
}

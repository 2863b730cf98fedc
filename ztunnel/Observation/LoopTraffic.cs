using Ambient.Telemetry.AccessLogs;
using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Observation;

/// <summary>What one event loop needs to observe its connections: counters resolved once, the access log, the clock. Loop-affine.</summary>
public sealed class LoopTraffic
{
    // Routes hold workloads of older views; dropping them all now and then bounds that, and costs a lookup of labels per route.
    private const int RouteLimit = 8192;

    // Beyond this many label sets, new ones share the unknown series: memory stays bounded whatever the mesh does.
    private const int SeriesLimit = 50_000;

    private readonly TrafficMetrics _metrics;
    private readonly Func<long> _clock;
    private readonly CounterCell _sourceSockets;
    private readonly CounterCell _destinationSockets;
    private readonly Dictionary<TrafficKey, TrafficRoute> _routes = [];
    private readonly Dictionary<MetricLabels, TrafficSeries> _series = [];

    /// <summary>Makes the counters of one loop.</summary>
    /// <param name="metrics">Families of the process.</param>
    /// <param name="accessLog">The access log.</param>
    /// <param name="clock">Monotonic milliseconds, usually the loop's.</param>
    public LoopTraffic(TrafficMetrics metrics, AccessLogWriter accessLog, Func<long> clock)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _metrics = metrics;
        AccessLog = accessLog;
        _clock = clock;
        _sourceSockets = metrics.Sockets(Reporter.Source).NewCell();
        _destinationSockets = metrics.Sockets(Reporter.Destination).NewCell();
    }

    /// <summary>The access log.</summary>
    public AccessLogWriter AccessLog { get; }

    /// <summary>Families of the process, for counts that are not per connection.</summary>
    public TrafficMetrics Metrics => _metrics;

    internal long Now => _clock();

    /// <summary>The key with its counters; the same object for connections between the same two.</summary>
    public TrafficRoute Resolve(in TrafficKey key)
    {
        if (_routes.TryGetValue(key, out TrafficRoute? route))
        {
            return route;
        }

        if (_routes.Count >= RouteLimit)
        {
            _routes.Clear();
        }

        route = new TrafficRoute(key, SeriesOf(TrafficLabels.Of(key, TrafficLabels.NoFlag)));
        _routes.Add(key, route);
        return route;
    }

    /// <summary>A socket was accepted.</summary>
    public void SocketOpened(Reporter reporter) => Cell(reporter).Increment();

    /// <summary>The work on an accepted socket ended, however.</summary>
    public void SocketClosed(Reporter reporter) => Cell(reporter).Add(-1);

    private CounterCell Cell(Reporter reporter) => reporter == Reporter.Source ? _sourceSockets : _destinationSockets;

    private TrafficSeries SeriesOf(MetricLabels labels)
    {
        if (_series.TryGetValue(labels, out TrafficSeries? series))
        {
            return series;
        }

        if (_series.Count >= SeriesLimit)
        {
            labels = TrafficLabels.Of(new TrafficKey { Reporter = Reporter.Source }, TrafficLabels.NoFlag);
            if (_series.TryGetValue(labels, out series))
            {
                return series;
            }
        }

        series = new TrafficSeries(_metrics, labels);
        _series.Add(labels, series);
        return series;
    }
}

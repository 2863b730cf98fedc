using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Observation;

/// <summary>The counters of one label set on one loop, resolved once. Loop-affine: plain adds.</summary>
public sealed class TrafficSeries
{
    private readonly TrafficMetrics _metrics;
    private readonly CounterCell _opened;
    private readonly CounterCell _received;
    private readonly CounterCell _sent;
    private readonly List<(string Flag, CounterCell Closed, CounterCell? Failed)> _ends = new(1);

    internal TrafficSeries(TrafficMetrics metrics, MetricLabels labels)
    {
        _metrics = metrics;
        _opened = metrics.Opened.With(labels).NewCell();
        _received = metrics.Received.With(labels).NewCell();
        _sent = metrics.Sent.With(labels).NewCell();
    }

    /// <summary>A connection began.</summary>
    public void CountOpened() => _opened.Increment();

    /// <summary>Bytes from the client's side to the server's side were written.</summary>
    public void CountReceived(long bytes) => _received.Add(bytes);

    /// <summary>Bytes from the server's side to the client's side were written.</summary>
    public void CountSent(long bytes) => _sent.Add(bytes);

    /// <summary>A connection ended with a flag; any other than <c>-</c> counts as failed.</summary>
    internal void CountClosed(in TrafficKey key, string flag)
    {
        foreach ((string known, CounterCell closed, CounterCell? failed) in _ends)
        {
            if (known == flag)
            {
                closed.Increment();
                failed?.Increment();
                return;
            }
        }

        MetricLabels labels = TrafficLabels.Of(key, flag);
        CounterCell newClosed = _metrics.Closed.With(labels).NewCell();
        CounterCell? newFailed = flag == TrafficLabels.NoFlag ? null : _metrics.Failed.With(labels).NewCell();
        _ends.Add((flag, newClosed, newFailed));
        newClosed.Increment();
        newFailed?.Increment();
    }
}

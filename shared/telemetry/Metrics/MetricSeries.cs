namespace Ambient.Telemetry.Metrics;

/// <summary>One series of a counter or gauge: a shared value for control code plus one cell for each loop. Thread-safe.</summary>
public sealed class MetricSeries
{
    private readonly Lock _gate = new();
    private CounterCell[] _cells = [];
    private long _shared;

    internal MetricSeries(MetricLabels labels) => Labels = labels;

    /// <summary>Labels of the series.</summary>
    public MetricLabels Labels { get; }

    /// <summary>Sum over the shared value and all cells.</summary>
    public long Value
    {
        get
        {
            long sum = Interlocked.Read(ref _shared);
            foreach (CounterCell cell in Volatile.Read(ref _cells))
            {
                sum += cell.Value;
            }

            return sum;
        }
    }

    /// <summary>A cell for one owner thread; keep it, it stays for ever.</summary>
    public CounterCell NewCell()
    {
        CounterCell cell = new();
        lock (_gate)
        {
            Volatile.Write(ref _cells, [.. _cells, cell]);
        }

        return cell;
    }

    /// <summary>Adds from any thread; a gauge may take negative amounts.</summary>
    public void Add(long amount) => Interlocked.Add(ref _shared, amount);

    /// <summary>Adds one from any thread.</summary>
    public void Increment() => Interlocked.Increment(ref _shared);

    /// <summary>Sets the shared value (gauges).</summary>
    public void Set(long value) => Interlocked.Exchange(ref _shared, value);
}

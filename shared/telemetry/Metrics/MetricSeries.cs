namespace Ambient.Telemetry.Metrics;

/// <summary>One series of a counter or gauge: a shared value for control code plus one cell for each loop. Thread-safe.</summary>
public sealed class MetricSeries
{
    private readonly Lock _gate = new();
    private CounterCell[] _cells = [];
    private CounterCell?[] _owned = [];
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

            foreach (CounterCell? cell in Volatile.Read(ref _owned))
            {
                sum += cell?.Value ?? 0;
            }

            return sum;
        }
    }

    /// <summary>The cell of one owner thread, by a small number that only this thread uses; the same cell for the same number.</summary>
    public CounterCell CellOf(int owner)
    {
        lock (_gate)
        {
            if (_owned.Length <= owner)
            {
                CounterCell?[] larger = new CounterCell?[owner + 1];
                _owned.CopyTo(larger, 0);
                Volatile.Write(ref _owned, larger);
            }

            return _owned[owner] ??= new CounterCell();
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

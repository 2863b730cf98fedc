namespace Ambient.Telemetry.Metrics;

/// <summary>Observations of one label set in fixed buckets: shared ones, plus one cell for each loop. Thread-safe.</summary>
public sealed class HistogramSeries
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private readonly Lock _gate = new();
    private HistogramCell?[] _owned = [];
    private double _sum;

    internal HistogramSeries(MetricLabels labels, double[] bounds)
    {
        Labels = labels;
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    /// <summary>Labels of the series.</summary>
    public MetricLabels Labels { get; }

    /// <summary>Counts one observation, in the unit of the family.</summary>
    public void Observe(double value)
    {
        int bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        double seen = Volatile.Read(ref _sum);
        while (true)
        {
            double before = Interlocked.CompareExchange(ref _sum, seen + value, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>The cell of one owner thread, by a small number that only this thread uses; the same cell for the same number.</summary>
    public HistogramCell CellOf(int owner)
    {
        lock (_gate)
        {
            if (_owned.Length <= owner)
            {
                HistogramCell?[] larger = new HistogramCell?[owner + 1];
                _owned.CopyTo(larger, 0);
                Volatile.Write(ref _owned, larger);
            }

            return _owned[owner] ??= new HistogramCell(_bounds);
        }
    }

    internal void WriteTo(ExpositionWriter writer)
    {
        Span<long> counts = stackalloc long[_counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        double sum = Volatile.Read(ref _sum);
        foreach (HistogramCell? cell in Volatile.Read(ref _owned))
        {
            sum += cell?.AddTo(counts) ?? 0;
        }

        writer.Histogram(Labels, _bounds, counts, sum);
    }
}

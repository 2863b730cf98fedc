namespace Ambient.Telemetry.Metrics;

/// <summary>Observations that one thread makes and any thread reads. Loop-affine for writers: plain adds, no lock, summed when scraped.</summary>
public sealed class HistogramCell
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private double _sum;

    internal HistogramCell(double[] bounds)
    {
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    /// <summary>Counts one observation, in the unit of the family; only ever from the thread that owns the cell.</summary>
    public void Observe(double value)
    {
        int bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
        {
            bucket++;
        }

        Volatile.Write(ref _counts[bucket], _counts[bucket] + 1);
        Volatile.Write(ref _sum, _sum + value);
    }

    internal double AddTo(Span<long> counts)
    {
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] += Volatile.Read(ref _counts[i]);
        }

        return Volatile.Read(ref _sum);
    }
}

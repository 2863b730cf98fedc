using System.Diagnostics;
using System.Numerics;

namespace Ambient.Benchmarks.Load;

/// <summary>Log-linear histogram of latencies, 100 ns to minutes with about 1.6 % resolution. Not thread-safe.</summary>
internal sealed class LatencyHistogram
{
    private const int Linear = 64;
    private readonly long[] _buckets = new long[4096];

    /// <summary>Number of recorded samples.</summary>
    public long Count { get; private set; }

    /// <summary>Records the time from <paramref name="startTimestamp"/> (Stopwatch ticks) to now.</summary>
    public void RecordSince(long startTimestamp)
    {
        long hundreds = (long)Stopwatch.GetElapsedTime(startTimestamp).TotalNanoseconds / 100;
        _buckets[IndexOf(hundreds)]++;
        Count++;
    }

    /// <summary>Forgets everything: called at the end of the warm-up.</summary>
    public void Clear()
    {
        Array.Clear(_buckets);
        Count = 0;
    }

    /// <summary>The given quantile (0 to 1) in microseconds.</summary>
    public double Quantile(double quantile)
    {
        long target = (long)(Count * quantile);
        long seen = 0;
        for (int i = 0; i < _buckets.Length; i++)
        {
            seen += _buckets[i];
            if (seen > target)
            {
                return ValueOf(i) * 0.1;
            }
        }

        return 0;
    }

    private static int IndexOf(long hundreds)
    {
        if (hundreds < Linear)
        {
            return (int)Math.Max(hundreds, 0);
        }

        int shift = BitOperations.Log2((ulong)hundreds) - 6;
        return (int)Math.Min(((shift + 1) * Linear) + ((hundreds >> shift) & (Linear - 1)), 4095);
    }

    private static double ValueOf(int index)
    {
        if (index < Linear)
        {
            return index;
        }

        int shift = (index / Linear) - 1;
        return (double)((ulong)(Linear + (index % Linear)) << shift);
    }
}

using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Limits;

/// <summary>
/// How fast tokens come, and how many a bucket holds, in units of an eighth of a nanosecond. 64 bits of those are 36 years: nothing overflows while a process lives. The interval is rounded up, so
/// that never more than was written passes; at a million a second that is less than 0.02 percent. Immutable.
/// </summary>
/// <param name="Interval">Between two tokens.</param>
/// <param name="Capacity">Until an empty bucket is full.</param>
internal readonly record struct LimitRate(long Interval, long Capacity)
{
    /// <summary>Units of a second.</summary>
    public const long PerSecond = 8_000_000_000;

    // More than four years: a larger burst is cut to that.
    private const long MaxCapacity = 1L << 60;

    /// <summary>That of a rule.</summary>
    public static LimitRate Of(LimitRule rule) => Of(rule.Requests, TimeSpan.FromMilliseconds(rule.PeriodMs), rule.Burst);

    /// <summary>So many tokens in each period, so many at once; 0: as many as in a period.</summary>
    public static LimitRate Of(uint requests, TimeSpan period, uint burst)
    {
        Int128 units = (Int128)period.Ticks * (PerSecond / TimeSpan.TicksPerSecond);
        long interval = (long)Int128.Clamp((units + requests - 1) / Math.Max(requests, 1), 1, MaxCapacity);
        Int128 capacity = (Int128)interval * (burst == 0 ? Math.Max(requests, 1) : burst);
        return new LimitRate(interval, (long)Int128.Clamp(capacity, interval, Math.Max(interval, MaxCapacity)));
    }

    /// <summary>Whole seconds of a wait, rounded up, one at least.</summary>
    public static long Seconds(long wait) => Math.Max(1, (wait + PerSecond - 1) / PerSecond);
}

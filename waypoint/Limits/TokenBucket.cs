using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Limits;

/// <summary>
/// A token bucket in one word, the time at which it will be full again: taking a token puts that off by an interval, and there is none when it would be further away than the bucket is large
/// (the generic cell rate algorithm of ITU-T I.371). In any span of time it gives away no more than its burst and what the rate makes of the span. Thread-safe without locks.
/// </summary>
/// <param name="owner">Whose it is; null: everybody's.</param>
internal sealed class TokenBucket(SpiffeId? owner = null)
{
    // Further away than any time: it gives nothing any more.
    private const long Retired = long.MaxValue;

    private long _full;

    /// <summary>Whose it is; null: everybody's.</summary>
    public SpiffeId? Owner => owner;

    /// <summary>Whether it was given up, and its owner must look for another.</summary>
    public bool IsRetired => Volatile.Read(ref _full) == Retired;

    /// <summary>When it is full, or was.</summary>
    public long FullAt => Volatile.Read(ref _full);

    /// <summary>How long until there is a token; 0 for at once.</summary>
    public long WaitFor(LimitRate rate, long now)
    {
        long full = Volatile.Read(ref _full);
        return full == Retired ? 0 : Math.Max(0, Math.Max(full, now) + rate.Interval - now - rate.Capacity);
    }

    /// <summary>Takes a token, if there is one; <paramref name="before"/> is for <see cref="PutBack"/>.</summary>
    public bool TryTake(LimitRate rate, long now, out long before)
    {
        before = Volatile.Read(ref _full);
        while (before != Retired)
        {
            long after = Math.Max(before, now) + rate.Interval;
            if (after - now > rate.Capacity)
            {
                return false;
            }

            long seen = Interlocked.CompareExchange(ref _full, after, before);
            if (seen == before)
            {
                return true;
            }

            before = seen;
        }

        return false;
    }

    /// <summary>Gives back a token that was taken at that time; false when somebody else was here since: it is lost then, and too little is given away, never too much.</summary>
    public bool PutBack(LimitRate rate, long now, long before)
    {
        long after = Math.Max(before, now) + rate.Interval;
        return Interlocked.CompareExchange(ref _full, before, after) == after;
    }

    /// <summary>Gives it up while it is full, when nothing is lost by that: a new one is full, too.</summary>
    public bool TryRetire(long now)
    {
        long full = Volatile.Read(ref _full);
        return full <= now && Interlocked.CompareExchange(ref _full, Retired, full) == full;
    }
}

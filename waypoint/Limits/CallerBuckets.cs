using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Limits;

/// <summary>
/// A bucket for each caller of a rule, by identity, <see cref="MaxCallers"/> at most. Full ones make room for newcomers, the longest idle first; where nobody is idle, newcomers share one bucket, and
/// who shows no identity shares another. Thread-safe: who is known is found without locks, and nobody waits for who is being added.
/// </summary>
internal sealed class CallerBuckets
{
    /// <summary>Callers that have a bucket of their own.</summary>
    public const int MaxCallers = Ways * Groups;

    // A caller's hash, which nobody outside can foresee, chooses a group.
    private const int Ways = 16;
    private const int Groups = 256;
    private const int Tries = 64;

    private readonly TokenBucket?[]?[] _groups = new TokenBucket?[]?[Groups];
    private readonly int[] _busy = new int[Groups];

    /// <summary>For newcomers when there is no room.</summary>
    public TokenBucket Shared { get; } = new();

    /// <summary>For callers without identity.</summary>
    public TokenBucket Nobody { get; } = new();

    /// <summary>How many have a bucket of their own.</summary>
    public int Count => _groups.Sum(static group => group?.Count(static bucket => bucket is not null) ?? 0);

    /// <summary>A caller's bucket.</summary>
    public TokenBucket Of(SpiffeId? caller, long now)
    {
        if (caller is null)
        {
            return Nobody;
        }

        int index = (int)((uint)caller.GetHashCode() % Groups);
        TokenBucket?[] group = Volatile.Read(ref _groups[index]) ?? NewGroup(index);
        return Find(group, caller) ?? Add(index, group, caller, now);
    }

    private static TokenBucket? Find(TokenBucket?[] group, SpiffeId caller)
    {
        for (int i = 0; i < group.Length; i++)
        {
            TokenBucket? bucket = Volatile.Read(ref group[i]);
            if (bucket is null)
            {
                return null;
            }

            if (caller.Equals(bucket.Owner) && !bucket.IsRetired)
            {
                return bucket;
            }
        }

        return null;
    }

    private TokenBucket?[] NewGroup(int index)
    {
        TokenBucket?[] made = new TokenBucket?[Ways];
        return Interlocked.CompareExchange(ref _groups[index], made, null) ?? made;
    }

    private TokenBucket Add(int index, TokenBucket?[] group, SpiffeId caller, long now)
    {
        for (int i = 0; i < Tries; i++)
        {
            if (Interlocked.CompareExchange(ref _busy[index], 1, 0) == 0)
            {
                try
                {
                    return Find(group, caller) ?? Put(group, caller, now) ?? Shared;
                }
                finally
                {
                    Volatile.Write(ref _busy[index], 0);
                }
            }

            Thread.SpinWait(20);
            if (Find(group, caller) is { } found)
            {
                return found;
            }
        }

        return Shared;
    }

    // Only one thread at a time is here for a group.
    private static TokenBucket? Put(TokenBucket?[] group, SpiffeId caller, long now)
    {
        int place = Array.IndexOf(group, null);
        while (place < 0)
        {
            int idle = Idlest(group, now);
            if (idle < 0)
            {
                return null;
            }

            place = group[idle]!.TryRetire(now) ? idle : place;
        }

        TokenBucket bucket = new(caller);
        Volatile.Write(ref group[place], bucket);
        return bucket;
    }

    private static int Idlest(TokenBucket?[] group, long now)
    {
        int idlest = -1;
        long since = now;
        for (int i = 0; i < group.Length; i++)
        {
            if (group[i]!.FullAt is long full && full <= since)
            {
                (idlest, since) = (i, full);
            }
        }

        return idlest;
    }
}

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>
/// Holds back what is written again and again though nothing about it is new: somebody else writes the same under our name, and each one's success is the other's reason.
/// Thread-safe.
/// </summary>
internal sealed class WriteDamper<TKey>(TimeProvider clock)
    where TKey : notnull
{
    /// <summary>How often the same is written within <see cref="Window"/>; from then on once in each.</summary>
    internal const int Most = 5;

    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(10);
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Entry> _written = [];
    private readonly long _started = clock.GetTimestamp(); // Whoever sets the wall clock shall not stop the writing.
    private TimeSpan _swept;

    internal static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);

    /// <summary>How much is remembered.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _written.Count;
            }
        }
    }

    /// <summary>Whether it may be written now. What is wanted is compared by its own equality.</summary>
    internal WriteVerdict Judge(TKey key, object wanted, long generation)
    {
        lock (_gate)
        {
            TimeSpan now = clock.GetElapsedTime(_started);
            if (!_written.TryGetValue(key, out Entry? entry) || !entry.IsAbout(wanted, generation) || now - entry.Last > Calm)
            {
                _written.Remove(key);
                return WriteVerdict.Allowed;
            }

            bool isNews = !entry.IsDamped && entry.CountSince(now - Window) >= Most;
            entry.IsDamped |= isNews;
            TimeSpan pause = entry.Last + Window - now;
            // Timers are coarse, and who comes a moment early does not come again.
            if (!entry.IsDamped || pause <= TimeSpan.FromMilliseconds(100))
            {
                return WriteVerdict.Allowed;
            }

            bool isSaid = entry.IsAwaited;
            entry.IsAwaited = true;
            return new WriteVerdict(false, isSaid ? null : pause, isNews);
        }
    }

    /// <summary>It is written.</summary>
    internal void Note(TKey key, object wanted, long generation)
    {
        lock (_gate)
        {
            TimeSpan now = clock.GetElapsedTime(_started);
            Sweep(now);
            if (!_written.TryGetValue(key, out Entry? entry) || !entry.IsAbout(wanted, generation))
            {
                _written[key] = entry = new Entry(wanted, generation);
            }

            entry.Add(now);
        }
    }

    /// <summary>Nothing is remembered, nothing is awaited.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            _written.Clear();
        }
    }

    private void Sweep(TimeSpan now)
    {
        if (now - _swept < Window)
        {
            return;
        }

        _swept = now;
        foreach (TKey old in _written.Where(pair => now - pair.Value.Last > (pair.Value.IsDamped ? Calm : Window)).Select(static pair => pair.Key).ToArray())
        {
            _written.Remove(old);
        }
    }

    private sealed class Entry(object wanted, long generation)
    {
        private readonly Queue<TimeSpan> _times = new(Most);

        internal bool IsDamped { get; set; }

        internal bool IsAwaited { get; set; }

        internal TimeSpan Last { get; private set; }

        internal bool IsAbout(object other, long otherGeneration) => wanted.Equals(other) && generation == otherGeneration;

        internal int CountSince(TimeSpan since) => _times.Count(time => time > since);

        internal void Add(TimeSpan now)
        {
            (Last, IsAwaited) = (now, false);
            _times.Enqueue(now);
            if (_times.Count > Most)
            {
                _times.Dequeue();
            }
        }
    }
}

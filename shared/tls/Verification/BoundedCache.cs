using System.Collections.Concurrent;

namespace Ambient.Tls.Verification;

/// <summary>A cache by fingerprint that never grows beyond its bound: when full it drops an eighth. Thread-safe, reads don't lock.</summary>
internal sealed class BoundedCache<T>(int capacity)
    where T : class
{
    private readonly ConcurrentDictionary<Fingerprint, T> _entries = new();
    private int _count;

    internal int Count => _entries.Count;

    internal bool TryGet(Fingerprint key, out T? value) => _entries.TryGetValue(key, out value);

    internal void Add(Fingerprint key, T value)
    {
        if (!_entries.TryAdd(key, value) || Interlocked.Increment(ref _count) <= capacity)
        {
            return;
        }

        int dropped = 0;
        foreach (KeyValuePair<Fingerprint, T> entry in _entries)
        {
            Remove(entry.Key);
            if (++dropped > capacity / 8)
            {
                return;
            }
        }
    }

    internal void Remove(Fingerprint key)
    {
        if (_entries.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}

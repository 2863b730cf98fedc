namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>Several values for each key. Not thread-safe.</summary>
internal sealed class SetIndex<TKey, TValue>
    where TKey : notnull
{
    private readonly Dictionary<TKey, HashSet<TValue>> _sets = [];

    /// <summary>The keys that have any.</summary>
    public IReadOnlyCollection<TKey> Keys => _sets.Keys;

    public IReadOnlyCollection<TValue> Of(TKey key) => _sets.TryGetValue(key, out HashSet<TValue>? set) ? set : [];

    public void Add(TKey key, TValue value)
    {
        if (!_sets.TryGetValue(key, out HashSet<TValue>? set))
        {
            _sets[key] = set = [];
        }

        set.Add(value);
    }

    public void Remove(TKey key, TValue value)
    {
        if (_sets.TryGetValue(key, out HashSet<TValue>? set) && set.Remove(value) && set.Count == 0)
        {
            _sets.Remove(key);
        }
    }

    /// <summary>The key has none any more.</summary>
    public void RemoveAll(TKey key) => _sets.Remove(key);

    public void Put(TKey key, TValue value, bool isThere)
    {
        if (isThere)
        {
            Add(key, value);
        }
        else
        {
            Remove(key, value);
        }
    }
}

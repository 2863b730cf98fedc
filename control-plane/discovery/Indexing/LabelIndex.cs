using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>Objects by namespace and label, so that a selector finds its objects without a walk over all. Not thread-safe.</summary>
internal sealed class LabelIndex
{
    private readonly Dictionary<ResourceKey, StringMap> _labels = [];
    private readonly Dictionary<(string Namespace, string Key, string Value), HashSet<ResourceKey>> _words = [];
    private readonly Dictionary<string, HashSet<ResourceKey>> _namespaces = new(StringComparer.Ordinal);

    /// <summary>All objects.</summary>
    internal IEnumerable<ResourceKey> All => _labels.Keys;

    /// <summary>All objects of a namespace.</summary>
    internal IEnumerable<ResourceKey> Of(string @namespace) => _namespaces.TryGetValue(@namespace, out HashSet<ResourceKey>? keys) ? keys : [];

    /// <summary>Sets an object's labels; null: it is gone.</summary>
    internal void Set(ResourceKey key, StringMap? labels)
    {
        if (_labels.TryGetValue(key, out StringMap? old) && old.Equals(labels))
        {
            // Objects change often and their labels hardly ever: in a large mesh each word would be looked for far away in memory.
            _labels[key] = labels;
            return;
        }

        if (_labels.Remove(key))
        {
            Drop(_namespaces, key.Namespace, key);
            foreach ((string word, string value) in old!)
            {
                Drop(_words, (key.Namespace, word, value), key);
            }
        }

        if (labels is null)
        {
            return;
        }

        _labels[key] = labels;
        Add(_namespaces, key.Namespace, key);
        foreach ((string word, string value) in labels)
        {
            Add(_words, (key.Namespace, word, value), key);
        }
    }

    /// <summary>The objects that a selector chooses in a namespace, or in all when it is null. An empty selector chooses none.</summary>
    internal IReadOnlyCollection<ResourceKey> Matching(string? @namespace, StringMap selector)
    {
        if (selector.Count == 0)
        {
            return [];
        }

        if (@namespace is null)
        {
            return [.. _namespaces.Keys.SelectMany(ns => Matching(ns, selector))];
        }

        HashSet<ResourceKey>? fewest = null;
        foreach ((string word, string value) in selector)
        {
            if (!_words.TryGetValue((@namespace, word, value), out HashSet<ResourceKey>? some))
            {
                return [];
            }

            fewest = fewest is null || some.Count < fewest.Count ? some : fewest;
        }

        return [.. fewest!.Where(key => Matches(selector, _labels[key]))];
    }

    /// <summary>Whether labels have all that a selector asks for.</summary>
    internal static bool Matches(StringMap selector, StringMap labels)
    {
        foreach ((string word, string value) in selector)
        {
            if (labels.Find(word) != value)
            {
                return false;
            }
        }

        return true;
    }

    internal static void Add<TKey, TValue>(Dictionary<TKey, HashSet<TValue>> index, TKey key, TValue value)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out HashSet<TValue>? set))
        {
            index[key] = set = [];
        }

        set.Add(value);
    }

    internal static void Drop<TKey, TValue>(Dictionary<TKey, HashSet<TValue>> index, TKey key, TValue value)
        where TKey : notnull
    {
        if (index.TryGetValue(key, out HashSet<TValue>? set) && set.Remove(value) && set.Count == 0)
        {
            index.Remove(key);
        }
    }
}

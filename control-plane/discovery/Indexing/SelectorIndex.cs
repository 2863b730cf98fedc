using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>Selectors by namespace and one of their labels, so that an object finds who selects it without a walk over all. Not thread-safe.</summary>
internal sealed class SelectorIndex<T>
    where T : notnull
{
    private readonly Dictionary<T, (string Namespace, StringMap Selector)> _selectors = [];
    private readonly Dictionary<(string Namespace, string Key, string Value), HashSet<T>> _words = [];

    /// <summary>Sets a selector; null or empty: none.</summary>
    internal void Set(T item, string @namespace, StringMap? selector)
    {
        if (_selectors.Remove(item, out (string Namespace, StringMap Selector) old))
        {
            (string word, string value) = Pivot(old.Selector);
            LabelIndex.Drop(_words, (old.Namespace, word, value), item);
        }

        if (selector is { Count: > 0 })
        {
            _selectors[item] = (@namespace, selector);
            (string word, string value) = Pivot(selector);
            LabelIndex.Add(_words, (@namespace, word, value), item);
        }
    }

    /// <summary>Who of a namespace selects these labels.</summary>
    internal IEnumerable<T> Matching(string @namespace, StringMap labels)
    {
        foreach ((string word, string value) in labels)
        {
            if (!_words.TryGetValue((@namespace, word, value), out HashSet<T>? some))
            {
                continue;
            }

            foreach (T item in some)
            {
                if (LabelIndex.Matches(_selectors[item].Selector, labels))
                {
                    yield return item;
                }
            }
        }
    }

    private static (string Key, string Value) Pivot(StringMap selector)
    {
        KeyValuePair<string, string> first = selector.First();
        return (first.Key, first.Value);
    }
}

namespace Ambient.Xds.Server.Sessions;

/// <summary>
/// The resources of one type that a client refused, by what it said: ztunnels name each as <c>name: reason</c>, with semicolons between (ztunnel's own form). One stays refused until
/// it was sent anew, or taken back, and the client did not refuse it again. Bounded, whatever a client says. Used under its session's lock.
/// </summary>
internal sealed class RefusedResources
{
    internal const int Most = 64;
    internal const int LongestReason = 256;
    private const int LongestText = 16 * 1024;
    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sentAnew = new(StringComparer.Ordinal);

    /// <summary>Name and reason of each.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> All => _reasons.Count == 0 ? [] : [.. _reasons];

    /// <summary>A response goes out.</summary>
    internal void OnSent(IEnumerable<string> names)
    {
        if (_reasons.Count > 0)
        {
            _sentAnew.UnionWith(names.Where(_reasons.ContainsKey));
        }
    }

    /// <summary>All that was sent is accepted, but for what was refused of it.</summary>
    internal void OnLastAnswered()
    {
        foreach (string name in _sentAnew)
        {
            _reasons.Remove(name);
        }

        _sentAnew.Clear();
    }

    /// <summary>A client refuses; only names that count by <paramref name="isThere"/> are taken, or <paramref name="only"/> when the response had nothing else and the text names nothing.</summary>
    internal void OnRefused(string text, string? only, Func<string, bool> isThere)
    {
        bool isNamed = false;
        foreach (string part in text[..Math.Min(text.Length, LongestText)].Split("; "))
        {
            int end = part.IndexOf(": ", StringComparison.Ordinal);
            if (end > 0 && isThere(part[..end]))
            {
                Add(part[..end], part[(end + 2)..]);
                isNamed = true;
            }
        }

        if (!isNamed && only is not null)
        {
            Add(only, text);
        }
    }

    private void Add(string name, string reason)
    {
        _sentAnew.Remove(name);
        if (_reasons.Count < Most || _reasons.ContainsKey(name))
        {
            // It goes into logs, pages and statuses.
            string shown = reason[..Math.Min(reason.Length, LongestReason)];
            _reasons[name] = string.Concat(shown.Select(static letter => char.IsControl(letter) || char.IsSurrogate(letter) ? ' ' : letter));
        }
    }
}

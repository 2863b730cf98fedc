namespace Ambient.Waypoint.Edges;

/// <summary>
/// Something for each host name: the exact name before the longest <c>*.suffix</c> before <c>*</c>; letter case means nothing. Looking up allocates nothing. Immutable.
/// </summary>
internal sealed class HostTable<T>
    where T : class
{
    private const int MaxName = 255;
    private readonly Dictionary<string, T> _names;
    private readonly Dictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> _byName;
    private readonly T? _any;

    /// <summary>The first of a name counts.</summary>
    public HostTable(IEnumerable<(string Host, T Value)> items)
    {
        _names = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
        foreach ((string host, T value) in items)
        {
            if (host is "*" or "")
            {
                _any ??= value;
            }
            else
            {
                // A wildcard is kept with its dot in front, which no name has.
                _names.TryAdd(host.StartsWith("*.", StringComparison.Ordinal) ? host[1..] : host, value);
            }
        }

        _byName = _names.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>What there is for a name without a port; null when there is nothing.</summary>
    public T? Find(ReadOnlySpan<char> host)
    {
        if (host.EndsWith('.'))
        {
            host = host[..^1];
        }

        if (host.IsEmpty || host[0] == '.' || host.Length > MaxName || _names.Count == 0)
        {
            return _any;
        }

        if (_byName.TryGetValue(host, out T? exact))
        {
            return exact;
        }

        for (int dot = host.IndexOf('.'); dot >= 0;)
        {
            if (_byName.TryGetValue(host[dot..], out T? found))
            {
                return found;
            }

            int next = host[(dot + 1)..].IndexOf('.');
            dot = next < 0 ? -1 : dot + 1 + next;
        }

        return _any;
    }

    /// <summary>The host of an authority, without its port.</summary>
    public static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> authority)
    {
        int colon = authority.LastIndexOf(':');
        return colon < 0 || authority[colon..].Contains(']') ? authority : authority[..colon];
    }
}

using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>
/// Labels and the like: a small map, sorted by key, compared by value. Immutable. A third of a dictionary's memory, for there are a hundred thousand.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "Data is what the API calls it, and a map is a map")]
[JsonConverter(typeof(StringMapConverter))]
public sealed class StringMap : IReadOnlyDictionary<string, string>, IEquatable<StringMap>
{
    private readonly string[] _flat;

    private StringMap(string[] flat) => _flat = flat;

    /// <summary>The one without entries.</summary>
    public static StringMap Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _flat.Length / 2;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => this.Select(p => p.Key);

    /// <inheritdoc/>
    public IEnumerable<string> Values => this.Select(p => p.Value);

    /// <inheritdoc/>
    public string this[string key] => TryGetValue(key, out string? value) ? value : throw new KeyNotFoundException(key);

    /// <summary>From pairs; of equal keys the last counts.</summary>
    public static StringMap Of(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        if (pairs is StringMap already)
        {
            return already;
        }

        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in pairs)
        {
            sorted[key] = value;
        }

        return sorted.Count == 0 ? Empty : new StringMap([.. sorted.SelectMany(p => new[] { p.Key, p.Value })]);
    }

    /// <summary>From pairs.</summary>
    public static StringMap Of(params ReadOnlySpan<(string Key, string Value)> pairs) => Of(pairs.ToArray().Select(p => KeyValuePair.Create(p.Key, p.Value)));

    /// <inheritdoc/>
    public bool ContainsKey(string key) => TryGetValue(key, out _);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        // Few entries: a walk is as fast as anything.
        for (int at = 0; at < _flat.Length; at += 2)
        {
            if (string.Equals(_flat[at], key, StringComparison.Ordinal))
            {
                value = _flat[at + 1];
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <summary>The value; null when there is none.</summary>
    public string? Find(string key) => TryGetValue(key, out string? value) ? value : null;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (int at = 0; at < _flat.Length; at += 2)
        {
            yield return KeyValuePair.Create(_flat[at], _flat[at + 1]);
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(StringMap? other) => other is not null && _flat.AsSpan().SequenceEqual(other._flat);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StringMap);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (string part in _flat)
        {
            hash.Add(part, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(",", this.Select(p => p.Key + "=" + p.Value));
}

using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Configuration;

/// <summary>Values of a secret by name; its text form shows none of them. Immutable.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "Data is what the API calls it, and a map is a map")]
[JsonConverter(typeof(SecretDataConverter))]
public sealed class SecretData : IReadOnlyDictionary<string, byte[]>
{
    private readonly Dictionary<string, byte[]> _values;

    /// <summary>An empty one.</summary>
    public SecretData()
        : this([])
    {
    }

    /// <summary>From values by name.</summary>
    public SecretData(IEnumerable<KeyValuePair<string, byte[]>> values) => _values = new Dictionary<string, byte[]>(values, StringComparer.Ordinal);

    /// <inheritdoc/>
    public int Count => _values.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _values.Keys;

    /// <inheritdoc/>
    public IEnumerable<byte[]> Values => _values.Values;

    /// <inheritdoc/>
    public byte[] this[string key] => _values[key];

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _values.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out byte[] value) => _values.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, byte[]>> GetEnumerator() => _values.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => string.Join(",", _values.Keys.Order(StringComparer.Ordinal).Select(k => k + "=***"));
}

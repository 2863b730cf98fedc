using System.Text;

namespace Ambient.Telemetry.Metrics;

/// <summary>The labels of one series, rendered once: <c>{a="x",b="y"}</c> in UTF-8 with escaped values. Immutable; equal by bytes.</summary>
public sealed class MetricLabels : IEquatable<MetricLabels>
{
    private readonly byte[] _text;
    private readonly int _hash;

    private MetricLabels(byte[] text)
    {
        _text = text;
        HashCode hash = default;
        hash.AddBytes(text);
        _hash = hash.ToHashCode();
    }

    /// <summary>No labels.</summary>
    public static MetricLabels None { get; } = new([]);

    /// <summary>What stands between the braces, without them; empty when there are no labels.</summary>
    public ReadOnlySpan<byte> Text => _text;

    /// <summary>Renders names with values, in this order. A null value leaves its label out.</summary>
    public static MetricLabels Of(ReadOnlySpan<string> names, params ReadOnlySpan<string?> values)
    {
        if (names.Length != values.Length)
        {
            throw new ArgumentException($"{names.Length} label names with {values.Length} values", nameof(values));
        }

        StringBuilder text = new(32 * names.Length);
        for (int i = 0; i < names.Length; i++)
        {
            if (values[i] is { } value)
            {
                Append(text, names[i], value);
            }
        }

        return text.Length == 0 ? None : new MetricLabels(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <inheritdoc/>
    public bool Equals(MetricLabels? other) => other is not null && _text.AsSpan().SequenceEqual(other._text);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MetricLabels);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public override string ToString() => $"{{{Encoding.UTF8.GetString(_text)}}}";

    // Backslash, quote and line feed are what the text format escapes; other control characters cannot end a line.
    private static void Append(StringBuilder text, string name, string value)
    {
        text.Append(text.Length == 0 ? string.Empty : ",").Append(name).Append("=\"");
        foreach (char c in value)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append(@"\n"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}

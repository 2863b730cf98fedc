using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>Reads texts that come again and again (namespaces, nodes, label keys) as the same string. Thread-safe: a lost race costs a string.</summary>
internal sealed class PooledStringConverter : JsonConverter<string>
{
    private const int Slots = 8192;
    private const int Longest = 128;
    private static readonly string?[] Pool = new string?[Slots];

    /// <inheritdoc/>
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    internal static string? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return reader.TokenType == JsonTokenType.Null ? null : throw new JsonException("is not a text (put it in quotes)");
        }

        if (reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > Longest)
        {
            return reader.GetString();
        }

        ReadOnlySpan<byte> bytes = reader.ValueSpan;
        if (bytes.Length == 0)
        {
            return "";
        }

        var hash = default(HashCode);
        hash.AddBytes(bytes);
        ref string? slot = ref Pool[hash.ToHashCode() & (Slots - 1)];
        string? known = Volatile.Read(ref slot);
        if (known is not null && IsSame(known, bytes))
        {
            return known;
        }

        string text = reader.GetString()!;
        Volatile.Write(ref slot, text);
        return text;
    }

    private static bool IsSame(string text, ReadOnlySpan<byte> bytes) => text.Length == bytes.Length && Ascii.Equals(bytes, text);
}

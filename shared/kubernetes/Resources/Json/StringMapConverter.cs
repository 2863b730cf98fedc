using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>JSON of <see cref="StringMap"/>; null values are empty ones, as for API servers. Thread-safe.</summary>
internal sealed class StringMapConverter : JsonConverter<StringMap>
{
    private const int LongestPooled = 64;

    /// <inheritdoc/>
    public override StringMap Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("is not a mapping of texts");
        }

        List<KeyValuePair<string, string>> pairs = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = PooledStringConverter.Read(ref reader)!;
            reader.Read();
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
            {
                throw new JsonException($"{key} is not a text (put it in quotes)");
            }

            string value = reader.TokenType == JsonTokenType.Null ? ""
                : reader.ValueSpan.Length <= LongestPooled ? PooledStringConverter.Read(ref reader)! : reader.GetString()!;
            pairs.Add(KeyValuePair.Create(key, value));
        }

        return StringMap.Of(pairs);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, StringMap value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string key, string text) in value)
        {
            writer.WriteString(key, text);
        }

        writer.WriteEndObject();
    }
}

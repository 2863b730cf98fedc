using System.Text.Json;
using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Configuration;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>JSON of <see cref="SecretData"/>: base64. Thread-safe.</summary>
internal sealed class SecretDataConverter : JsonConverter<SecretData>
{
    /// <inheritdoc/>
    public override SecretData Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("is not a mapping");
        }

        List<KeyValuePair<string, byte[]>> values = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            byte[]? value = [];
            if (reader.TokenType != JsonTokenType.Null && (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out value)))
            {
                throw new JsonException($"{key} is not base64");
            }

            values.Add(KeyValuePair.Create(key, value ?? []));
        }

        return new SecretData(values.DistinctBy(v => v.Key, StringComparer.Ordinal));
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SecretData value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string key, byte[] bytes) in value)
        {
            writer.WriteBase64String(key, bytes);
        }

        writer.WriteEndObject();
    }
}

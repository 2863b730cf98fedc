using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>A time in whole seconds, as API servers keep it. Thread-safe.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out DateTimeOffset time)
            ? time
            : throw new JsonException("is not a time such as 2030-01-02T03:04:05Z");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}

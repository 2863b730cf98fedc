using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>A time in whole seconds, as API servers keep it. Thread-safe.</summary>
internal class TimeConverter : JsonConverter<DateTimeOffset>
{
    private readonly string _format;

    public TimeConverter()
        : this("yyyy-MM-dd'T'HH:mm:ss'Z'")
    {
    }

    /// <summary>With a format of UTC times for writing; any RFC 3339 time is read.</summary>
    protected TimeConverter(string format) => _format = format;

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out DateTimeOffset time)
            ? time
            : throw new JsonException("is not a time such as 2030-01-02T03:04:05Z");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(_format, CultureInfo.InvariantCulture));
}

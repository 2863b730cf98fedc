using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>JSON of <see cref="IntOrString"/>. Thread-safe.</summary>
internal sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt32(out int number) => new IntOrString(number),
        JsonTokenType.String => new IntOrString(PooledStringConverter.Read(ref reader)!),
        JsonTokenType.Null => default,
        _ => throw new JsonException("is neither a whole number nor a name"),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Number is { } number)
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value.Name);
        }
    }
}

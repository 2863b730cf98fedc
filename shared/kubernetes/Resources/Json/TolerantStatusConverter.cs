using System.Text.Json;
using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>A status of Istio's kinds: others write it as well, and what they write must not make the object unreadable. Thread-safe.</summary>
internal sealed class TolerantStatusConverter : JsonConverter<IstioStatus>
{
    /// <inheritdoc/>
    public override IstioStatus Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument status = JsonDocument.ParseValue(ref reader);
        try
        {
            return status.RootElement.Deserialize(ResourceJson.TypeInfo<IstioStatus>()) ?? new IstioStatus();
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException or FormatException)
        {
            return new IstioStatus();
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IstioStatus value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, ResourceJson.TypeInfo<IstioStatus>());
}

using System.Text.Json;

namespace Ambient.Bookshop.Roles;

/// <summary>What became of a call to another part of the shop. Immutable.</summary>
/// <param name="Address">Whom it went to.</param>
/// <param name="Status">The status; 0 when there was no answer.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Body">The answer.</param>
/// <param name="Error">Why there was none.</param>
internal sealed record CallResult(Uri Address, int Status, TimeSpan Took, byte[] Body, string Error)
{
    /// <summary>Writes it as an object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("url", Address.ToString());
        json.WriteNumber("status", Status);
        json.WriteNumber("milliseconds", Math.Round(Took.TotalMilliseconds, 1));
        if (Error.Length > 0)
        {
            json.WriteString("error", Error);
        }

        json.WritePropertyName("answer");
        WriteAnswer(json);
        json.WriteEndObject();
    }

    private void WriteAnswer(Utf8JsonWriter json)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(Body);
            answer.RootElement.WriteTo(json);
        }
        catch (JsonException)
        {
            json.WriteStringValue(System.Text.Encoding.UTF8.GetString(Body));
        }
    }
}

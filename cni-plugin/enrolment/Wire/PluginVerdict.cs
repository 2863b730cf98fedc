using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Ambient.Cni.Enrolment.Wire;

/// <summary>The agent's answer with status 200; every other status carries plain text and means no. Immutable.</summary>
/// <param name="Verdict"><see cref="Enrolled"/>, <see cref="Outside"/> or <see cref="Deleted"/>.</param>
/// <param name="Text">Why, for operators.</param>
public sealed record PluginVerdict(string Verdict, string Text)
{
    /// <summary>The pod is in the mesh, proven.</summary>
    public const string Enrolled = "enrolled";

    /// <summary>The pod does not belong to the mesh; only to who asked.</summary>
    public const string Outside = "outside";

    /// <summary>The sandbox's end is known.</summary>
    public const string Deleted = "deleted";

    /// <summary>The body.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("verdict", Verdict);
            writer.WriteString("text", Text);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads a body: an object with exactly one text <c>verdict</c>; the error says what is wrong.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out PluginVerdict? verdict, out string? error)
    {
        verdict = null;
        string? said = null, text = "";
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 8 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                error = "it is not a JSON object";
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isVerdict = reader.ValueTextEquals("verdict"u8), isText = reader.ValueTextEquals("text"u8);
                reader.Read();
                if (isVerdict && (said is not null || reader.TokenType != JsonTokenType.String))
                {
                    error = "verdict is not one text";
                    return false;
                }

                said = isVerdict ? reader.GetString() : said;
                text = isText && reader.TokenType == JsonTokenType.String ? reader.GetString() : text;
                reader.Skip();
            }

            // Trailing bytes are an error of the reader.
            reader.Read();
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            error = "it is not JSON: " + wrong.Message;
            return false;
        }

        error = said is null ? "it has no verdict" : null;
        verdict = said is null ? null : new PluginVerdict(said, text!);
        return error is null;
    }
}

using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ambient.Cli.Output;

/// <summary>An answer in all its forms: a table for people, data for programs. Immutable.</summary>
/// <param name="Table">For people.</param>
/// <param name="Data">For programs.</param>
internal sealed record Answer(Table Table, JsonElement Data)
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Data that is written by hand.</summary>
    public static JsonElement Build(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            write(json);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    /// <summary>A list of elements.</summary>
    public static JsonElement List(IEnumerable<JsonElement> items) => Build(json =>
    {
        json.WriteStartArray();
        foreach (JsonElement item in items)
        {
            item.WriteTo(json);
        }

        json.WriteEndArray();
    });

    /// <summary>Writes it as asked for.</summary>
    public void WriteTo(TextWriter output, OutputFormat format)
    {
        switch (format)
        {
            case OutputFormat.Json:
                output.WriteLine(Text(Data));
                break;
            case OutputFormat.Yaml:
                output.Write(YamlText.Of(Data));
                break;
            default:
                Table.WriteTo(output);
                break;
        }
    }

    private static string Text(JsonElement data)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            data.WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

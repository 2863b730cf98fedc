using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Ambient.Cli.Output;

/// <summary>Writes JSON as YAML in block style. Pure.</summary>
internal static class YamlText
{
    private static readonly SearchValues<char> Plain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-");
    private static readonly HashSet<string> Words = new(["true", "false", "null", "yes", "no", "on", "off", "y", "n"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The same as YAML, with a line feed at the end.</summary>
    public static string Of(JsonElement element)
    {
        var text = new StringBuilder();
        Write(text, element, 0, isInline: true);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonElement element, int depth, bool isInline)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when element.EnumerateObject().Any():
                foreach (JsonProperty field in element.EnumerateObject())
                {
                    Indent(text, depth, ref isInline);
                    text.Append(Scalar(field.Name)).Append(':');
                    Child(text, field.Value, depth);
                }

                break;
            case JsonValueKind.Array when element.GetArrayLength() > 0:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Indent(text, depth, ref isInline);
                    text.Append("- ");
                    Write(text, item, depth + 1, isInline: true);
                }

                break;
            case JsonValueKind.Object:
                text.Append("{}\n");
                break;
            case JsonValueKind.Array:
                text.Append("[]\n");
                break;
            case JsonValueKind.String:
                text.Append(Scalar(element.GetString()!)).Append('\n');
                break;
            default:
                text.Append(element.GetRawText()).Append('\n');
                break;
        }
    }

    private static void Child(StringBuilder text, JsonElement value, int depth)
    {
        bool isNested = (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any()) || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0);
        text.Append(isNested ? '\n' : ' ');
        Write(text, value, value.ValueKind == JsonValueKind.Array ? depth : depth + 1, isInline: false);
    }

    private static void Indent(StringBuilder text, int depth, ref bool isInline)
    {
        if (!isInline)
        {
            text.Append(' ', depth * 2);
        }

        isInline = false;
    }

    private static string Scalar(string value) =>
        value.Length > 0 && char.IsAsciiLetter(value[0]) && !value.AsSpan().ContainsAnyExcept(Plain) && !Words.Contains(value) ? value : Quoted(value);

    /// <summary>JSON's texts are YAML's, with the few characters escaped that YAML reads as line ends.</summary>
    private static string Quoted(string value) => JsonSerializer.Serialize(value, CliJson.Default.String);
}

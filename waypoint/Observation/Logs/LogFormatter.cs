using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ambient.Routing.Formats;

namespace Ambient.Waypoint.Observation.Logs;

/// <summary>Turns requests into lines of one format. Immutable; the buffers are the caller's.</summary>
internal sealed class LogFormatter
{
    private readonly LogPart[] _text;
    private readonly (JsonEncodedText Name, LogPart[] Parts)[]? _fields;

    /// <summary>A line of text.</summary>
    public LogFormatter(LogTemplate text) => _text = [.. text.Parts];

    /// <summary>A line of JSON.</summary>
    public LogFormatter(IEnumerable<(string Name, LogTemplate Value)> fields)
    {
        _text = [];
        _fields = [.. fields.Select(field => (JsonEncodedText.Encode(field.Name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping), field.Value.Parts.ToArray()))];
    }

    /// <summary>All its commands.</summary>
    public IEnumerable<LogPart> Parts => _fields is null ? _text : _fields.SelectMany(named => named.Parts);

    /// <summary>Writes a line with its line feed.</summary>
    public void Write(ObservedRequest seen, IBufferWriter<byte> to, ref Utf8JsonWriter? json)
    {
        if (_fields is null)
        {
            foreach (LogPart part in _text)
            {
                WritePart(part, seen, to);
            }

            return;
        }

        json ??= new Utf8JsonWriter(to, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        json.Reset();
        json.WriteStartObject();
        foreach ((JsonEncodedText name, LogPart[] parts) in _fields)
        {
            WriteField(json, name, parts, seen);
        }

        json.WriteEndObject();
        json.Flush();
        to.Write("\n"u8);
    }

    /// <summary>The values of the fields, in order, for exporters.</summary>
    public static string Join(IReadOnlyList<LogPart> parts, ObservedRequest seen)
    {
        StringBuilder text = new();
        foreach (LogPart part in parts)
        {
            text.Append(part.Literal);
            if (part.Command != LogCommand.None)
            {
                _ = LogValues.Get(part, seen, out long number, out string value) switch
                {
                    LogValueKind.Number => text.Append(number),
                    LogValueKind.Text => text.Append(value),
                    _ => text.Append('-'),
                };
            }
        }

        return text.ToString();
    }

    private static void WriteField(Utf8JsonWriter json, JsonEncodedText name, LogPart[] parts, ObservedRequest seen)
    {
        if (parts is not [{ Literal: "", Command: not LogCommand.None } alone])
        {
            json.WriteString(name, Join(parts, seen));
            return;
        }

        switch (LogValues.Get(alone, seen, out long number, out string text))
        {
            case LogValueKind.Number:
                json.WriteNumber(name, number);
                break;
            case LogValueKind.Text:
                json.WriteString(name, text);
                break;
            default:
                json.WriteNull(name);
                break;
        }
    }

    private static void WritePart(LogPart part, ObservedRequest seen, IBufferWriter<byte> to)
    {
        if (part.Literal.Length > 0)
        {
            Encode(part.Literal, to);
        }

        if (part.Command == LogCommand.None)
        {
            return;
        }

        switch (LogValues.Get(part, seen, out long number, out string text))
        {
            case LogValueKind.Number:
                Span<byte> digits = to.GetSpan(20);
                _ = Utf8Formatter.TryFormat(number, digits, out int written);
                to.Advance(written);
                break;
            case LogValueKind.Text:
                Encode(Safe(text), to);
                break;
            default:
                to.Write("-"u8);
                break;
        }
    }

    // Nothing that a client sends may begin a line of its own, or end a quotation.
    private static string Safe(string text) => text.AsSpan().ContainsAnyInRange('\0', '\x1f') || text.Contains('"', StringComparison.Ordinal) || text.Contains('\x7f', StringComparison.Ordinal)
        ? string.Create(text.Length, text, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = from[i] is < ' ' or '"' or '\x7f' ? '?' : from[i];
            }
        })
        : text;

    private static void Encode(string text, IBufferWriter<byte> to)
    {
        Span<byte> span = to.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        to.Advance(Encoding.UTF8.GetBytes(text, span));
    }
}

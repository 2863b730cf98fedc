using System.Globalization;
using System.Text.Json;

namespace Ambient.Telemetry.Logging;

/// <summary>One JSON object per line: level, time, scope, message, fields, then one object per span (reference 9.6).</summary>
internal static class JsonLine
{
    public static void Write(LineBuffer line, DateTimeOffset now, LogLevel level, string target, LogSpan? span, string message, ReadOnlySpan<LogField> fields)
    {
        Utf8JsonWriter json = line.Json;
        json.WriteStartObject();
        json.WriteString("level"u8, LogDirectives.Name(level));
        Span<char> time = stackalloc char[40];
        _ = now.TryFormat(time, out int written, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        json.WriteString("time"u8, time[..written]);
        json.WriteString("scope"u8, target);
        if (message.Length > 0)
        {
            json.WriteString("message"u8, message);
        }

        foreach (ref readonly LogField field in fields)
        {
            WriteField(json, field);
        }

        if (span is not null)
        {
            json.WriteStartObject(span.Name);
            WriteField(json, span.Field);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        line.Append((byte)'\n');
    }

    private static void WriteField(Utf8JsonWriter json, in LogField field)
    {
        switch (field.Kind)
        {
            case LogFieldKind.Absent:
                break;
            case LogFieldKind.Number:
                json.WriteNumber(field.Key, field.Number);
                break;
            case LogFieldKind.Truth:
                json.WriteBoolean(field.Key, field.Number != 0);
                break;
            case LogFieldKind.Address:
                Span<byte> address = stackalloc byte[64];
                json.WriteString(field.Key, address[..field.AddressValue.Format(address)]);
                break;
            case LogFieldKind.Json:
                json.WritePropertyName(field.Key);
                json.WriteRawValue(field.Text!);
                break;
            case LogFieldKind.Milliseconds:
                Span<char> text = stackalloc char[32];
                _ = field.Number.TryFormat(text, out int written, default, CultureInfo.InvariantCulture);
                "ms".CopyTo(text[written..]);
                json.WriteString(field.Key, text[..(written + 2)]);
                break;
            default:
                json.WriteString(field.Key, field.Text);
                break;
        }
    }
}

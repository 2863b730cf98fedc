using System.Text;

namespace Ambient.Telemetry.Logging;

/// <summary>Tab-separated lines: time, level, target with spans, message, fields (reference 9.6).</summary>
internal static class PlainLine
{
    private const string OwnPrefix = "ztunnel::";

    public static void Write(LineBuffer line, DateTimeOffset now, LogLevel level, string target, LogSpan? span, string message, ReadOnlySpan<LogField> fields)
    {
        line.Append(now);
        line.Append((byte)'\t');
        line.AppendText(LogDirectives.Name(level), quoted: false);
        line.Append((byte)'\t');
        line.AppendText(target.StartsWith(OwnPrefix, StringComparison.Ordinal) ? target[OwnPrefix.Length..] : target, quoted: false);
        if (span is not null)
        {
            line.Append((byte)':');
            line.AppendText(span.Name, quoted: false);
            line.Append((byte)'{');
            WriteField(line, span.Field);
            line.Append((byte)'}');
        }

        line.Append((byte)'\t');
        line.AppendText(message, quoted: false);
        bool first = true;
        foreach (ref readonly LogField field in fields)
        {
            if (field.Kind == LogFieldKind.Absent)
            {
                continue;
            }

            line.Append((byte)(first ? '\t' : ' '));
            first = false;
            WriteField(line, field);
        }

        line.Append((byte)'\n');
    }

    private static void WriteField(LineBuffer line, in LogField field)
    {
        Span<byte> key = line.GetSpan(field.Key.Length * 3);
        line.Advance(Encoding.UTF8.GetBytes(field.Key, key));
        line.Append((byte)'=');
        switch (field.Kind)
        {
            case LogFieldKind.Text:
                line.AppendText(field.Text!, quoted: true);
                break;
            case LogFieldKind.Bare or LogFieldKind.Json:
                line.AppendText(field.Text!, quoted: false);
                break;
            case LogFieldKind.Number:
                line.Append(field.Number);
                break;
            case LogFieldKind.Truth:
                line.Append(field.Number != 0 ? "true"u8 : "false"u8);
                break;
            case LogFieldKind.Address:
                line.Append(field.AddressValue);
                break;
            default:
                line.Append((byte)'"');
                line.Append(field.Number);
                line.Append("ms\""u8);
                break;
        }
    }
}

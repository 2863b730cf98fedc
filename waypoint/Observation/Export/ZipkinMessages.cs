using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Ambient.Waypoint.Observation.Traces;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>Spans as Zipkin's JSON, version 2 (waypoint reference 4.7). Pure.</summary>
internal static class ZipkinMessages
{
    public static byte[] Of(IReadOnlyList<FinishedSpan> spans, string service)
    {
        ArrayBufferWriter<byte> bytes = new(1024 * spans.Count);
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartArray();
            foreach (FinishedSpan span in spans)
            {
                Write(json, span, service);
            }

            json.WriteEndArray();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, FinishedSpan span, string service)
    {
        json.WriteStartObject();
        json.WriteString("traceId", span.Trace.TraceIdText());
        json.WriteString("id", span.Trace.SpanId.ToString("x16", CultureInfo.InvariantCulture));
        if (span.Trace.ParentId != 0)
        {
            json.WriteString("parentId", span.Trace.ParentId.ToString("x16", CultureInfo.InvariantCulture));
        }

        json.WriteString("name", span.Name);
        json.WriteString("kind", "SERVER");
        json.WriteNumber("timestamp", (span.Start - DateTimeOffset.UnixEpoch).Ticks / 10);
        json.WriteNumber("duration", Math.Max(1, span.DurationMilliseconds * 1000));
        json.WriteStartObject("localEndpoint");
        json.WriteString("serviceName", service);
        json.WriteEndObject();
        json.WriteStartObject("tags");
        foreach ((string name, string value) in span.Tags)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}

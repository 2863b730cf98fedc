using System.Buffers.Binary;
using Ambient.Protocol.OpenTelemetry;
using Ambient.Waypoint.Observation.Traces;
using Google.Protobuf;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>Spans and log records as OTLP has them. Pure.</summary>
internal static class OtlpMessages
{
    public const string TraceMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    public const string LogMethod = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

    private static readonly InstrumentationScope Scope = new() { Name = "ambient-waypoint" };

    public static ExportTraceServiceRequest Of(IReadOnlyList<FinishedSpan> spans, Resource resource)
    {
        ScopeSpans scope = new() { Scope = Scope };
        scope.Spans.AddRange(spans.Select(Of));
        return new ExportTraceServiceRequest { ResourceSpans = { new ResourceSpans { Resource = resource, ScopeSpans = { scope } } } };
    }

    /// <summary>One message for each log name, which collectors read from the resource.</summary>
    public static ExportLogsServiceRequest Of(IReadOnlyList<LogRecordData> records, Resource resource)
    {
        ExportLogsServiceRequest request = new();
        foreach (IGrouping<string, LogRecordData> log in records.GroupBy(record => record.LogName))
        {
            ScopeLogs scope = new() { Scope = Scope };
            scope.LogRecords.AddRange(log.Select(Of));
            Resource own = resource.Clone();
            own.Attributes.Add(Attribute("log_name", log.Key));
            request.ResourceLogs.Add(new ResourceLogs { Resource = own, ScopeLogs = { scope } });
        }

        return request;
    }

    public static Resource ResourceOf(string service, string node, string cluster) =>
        new() { Attributes = { Attribute("service.name", service), Attribute("node_name", node), Attribute("cluster_name", cluster) } };

    private static Span Of(FinishedSpan span)
    {
        Span message = new()
        {
            TraceId = Id(span.Trace.TraceHigh, span.Trace.TraceLow),
            SpanId = Id(span.Trace.SpanId),
            TraceState = span.State ?? "",
            Name = span.Name,
            Kind = SpanKind.Server,
            StartTimeUnixNano = Nanoseconds(span.Start),
            EndTimeUnixNano = Nanoseconds(span.Start) + ((ulong)span.DurationMilliseconds * 1_000_000),
        };
        if (span.Trace.ParentId != 0)
        {
            message.ParentSpanId = Id(span.Trace.ParentId);
        }

        if (span.IsError)
        {
            message.Status = new Status { Code = StatusCode.Error };
        }

        message.Attributes.AddRange(span.Tags.Select(tag => Attribute(tag.Key, tag.Value)));
        return message;
    }

    private static LogRecord Of(LogRecordData record)
    {
        LogRecord message = new() { TimeUnixNano = Nanoseconds(record.Time), Body = new AnyValue { StringValue = record.Body } };
        if (record.TraceLow != 0)
        {
            message.TraceId = Id(record.TraceHigh, record.TraceLow);
            message.SpanId = Id(record.SpanId);
        }

        message.Attributes.AddRange(record.Labels.Select(label => Attribute(label.Key, label.Value)));
        return message;
    }

    private static KeyValue Attribute(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    private static ulong Nanoseconds(DateTimeOffset time) => (ulong)(time - DateTimeOffset.UnixEpoch).Ticks * 100;

    private static ByteString Id(ulong high, ulong low)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        return ByteString.CopyFrom(bytes);
    }

    private static ByteString Id(ulong id)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        return ByteString.CopyFrom(bytes);
    }
}

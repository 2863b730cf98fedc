using System.Buffers;
using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Telemetry.Logging;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Observation.Logs;
using Ambient.Waypoint.Observation.Plans;

namespace Ambient.Waypoint.Observation;

/// <summary>Writes what access logs ask for about requests that are over (waypoint reference 4.6). One per loop, for its buffers. Loop-affine.</summary>
internal sealed class AccessLog(Logger log)
{
    // A line that was once long must not hold its memory for ever.
    private const int MaxKeptBuffer = 64 * 1024;

    private ArrayBufferWriter<byte> _line = new(1024);
    private Utf8JsonWriter? _json;

    /// <summary>A request or a connection is over.</summary>
    public void Write(LogPlan[] plans, ObservedRequest seen)
    {
        foreach (LogPlan plan in plans)
        {
            if (plan.Filter is { } filter && !filter.Evaluate(seen).IsTrue)
            {
                continue;
            }

            _line.ResetWrittenCount();
            plan.Formatter.Write(seen, _line, ref _json);
            plan.File?.Write(_line.WrittenSpan);
            plan.Sender?.Add(Record(plan, seen));
            if (_line.Capacity > MaxKeptBuffer)
            {
                (_line, _json) = (new ArrayBufferWriter<byte>(1024), null);
            }
        }
    }

    /// <summary>Somebody asked for an address that is not served here.</summary>
    public void Unserved(IpPort source, string authority, SpiffeId? client) => log.Warn(
        "CONNECT to an address that is not served here",
        LogField.Of("source", source.ToString()),
        LogField.Of("target", string.Concat(authority.Select(c => c is < ' ' or '"' ? '?' : c))),
        LogField.Of("identity", client?.ToString()));

    private LogRecordData Record(LogPlan plan, ObservedRequest seen)
    {
        ReadOnlySpan<byte> body = _line.WrittenSpan.TrimEnd((byte)'\n');
        Traces.TraceState trace = seen.Record.Trace;
        return new LogRecordData(seen.Record.StartTime, plan.LogName, System.Text.Encoding.UTF8.GetString(body), plan.Labels(seen), trace.TraceHigh, trace.TraceLow, trace.SpanId);
    }
}

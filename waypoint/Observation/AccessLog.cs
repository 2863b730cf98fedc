using System.Buffers;
using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Routing;
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

    /// <summary>Somebody asked for an address that is not served here, and waits for a moment whether it will be.</summary>
    public void Early(IpPort source, string authority, SpiffeId? client) => log.Debug(
        "CONNECT to an address that is not served here yet",
        LogField.Of("source", source.ToString()),
        LogField.Of("target", Printable(authority)),
        LogField.Of("identity", client?.ToString()));

    /// <summary>Somebody asked for an address that is not served here.</summary>
    public void Unserved(IpPort source, string authority, SpiffeId? client) => log.Warn(
        "CONNECT to an address that is not served here",
        LogField.Of("source", source.ToString()),
        LogField.Of("target", Printable(authority)),
        LogField.Of("identity", client?.ToString()));

    /// <summary>What came to the port of a captured waypoint does not say who calls whom: it is not its ztunnel's, or caller and service have addresses of different families.</summary>
    public void NotCaptured(string why) => log.Warn("a connection to the port of the inbound binding was refused", LogField.Of("reason", why));

    /// <summary>A connection from outside the mesh was sent away before anything was served. Whoever wants to can bring about any number of them, so they are said to those who look.</summary>
    public void EdgeRefused(IpPort source, ushort port, string serverName, string why) => log.Debug(
        "a connection was refused",
        LogField.Of("source", source.ToString()),
        LogField.Of("port", port),
        LogField.Of("server_name", serverName),
        LogField.Of("reason", why));

    /// <summary>A tunnel of another network is over, or was refused.</summary>
    public void Crossed(IpPort source, string authority, SpiffeId? client, Crossing? way, (long Received, long Sent) bytes, string? problem)
    {
        LogField[] fields =
        [
            LogField.Of("source", source.ToString()),
            LogField.Of("target", Printable(authority)),
            LogField.Of("identity", client?.ToString()),
            LogField.Of("upstream", way?.Dial.ToString()),
            LogField.Of("workload", way?.Upstream.Uid),
            LogField.Of("received", bytes.Received),
            LogField.Of("sent", bytes.Sent),
            LogField.Of("problem", problem),
        ];
        if (problem is null)
        {
            log.Info("crossed", fields);
        }
        else
        {
            log.Warn("crossing failed", fields);
        }
    }

    private static string Printable(string authority) => string.Concat(authority.Select(c => c is < ' ' or '"' ? '?' : c));

    private LogRecordData Record(LogPlan plan, ObservedRequest seen)
    {
        ReadOnlySpan<byte> body = _line.WrittenSpan.TrimEnd((byte)'\n');
        Traces.TraceState trace = seen.Record.Trace;
        return new LogRecordData(seen.Record.StartTime, plan.LogName, System.Text.Encoding.UTF8.GetString(body), plan.Labels(seen), trace.TraceHigh, trace.TraceLow, trace.SpanId);
    }
}

using System.Globalization;
using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Telemetry.Logging;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>One line for each request, as Envoy writes it (waypoint reference 4.6). Thread-safe: the sink is.</summary>
internal sealed class AccessLog(Action<string> write, Logger log)
{
    /// <summary>A request or a connection is over.</summary>
    public void Request(InboundTunnel tunnel, RequestRecord record, long duration)
    {
        StringBuilder line = new(512);
        string protocol = record.Method.Length > 0 ? record.Protocol : "-";
        line.Append('[').Append(record.StartTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)).Append("] \"")
            .Append(Safe(record.Method)).Append(' ').Append(Safe(record.Target)).Append(' ').Append(protocol).Append("\" ")
            .Append(record.Status).Append(' ').Append(ResponseFlagText.Of(record.Flags)).Append(' ')
            .Append(record.Method.Length > 0 ? record.Details : "-").Append(' ')
            .Append(record.Method.Length == 0 && record.Details != "via_upstream" ? record.Details : "-").Append(" \"")
            .Append(Safe(record.TransportFailure)).Append("\" ")
            .Append(record.BytesReceived).Append(' ').Append(record.BytesSent).Append(' ').Append(duration).Append(' ')
            .Append(record.UpstreamTime < 0 ? "-" : record.UpstreamTime.ToString(CultureInfo.InvariantCulture)).Append(" \"")
            .Append(Safe(record.ForwardedFor)).Append("\" \"").Append(Safe(record.UserAgent)).Append("\" \"").Append(Safe(record.RequestId)).Append("\" \"")
            .Append(Safe(record.Authority)).Append("\" \"").Append(Safe(record.UpstreamHost)).Append("\" ").Append(Safe(record.Cluster)).Append(" - ")
            .Append(tunnel.Authority).Append(' ').Append(tunnel.Source).Append(' ').Append(Safe(tunnel.Facts.ServerName)).Append(' ').Append(Safe(record.RouteName));
        write(line.ToString());
    }

    /// <summary>Somebody asked for an address that is not served here.</summary>
    public void Unserved(IpPort source, string authority, SpiffeId? client) => log.Warn(
        "CONNECT to an address that is not served here",
        LogField.Of("source", source.ToString()),
        LogField.Of("target", Safe(authority)),
        LogField.Of("identity", client?.ToString()));

    // Nothing that a client sends may begin a line of its own, or end a quotation.
    private static string Safe(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "-";
        }

        return text.AsSpan().ContainsAnyInRange('\0', '\x1f') || text.Contains('"', StringComparison.Ordinal)
            ? string.Concat(text.Select(c => c is < ' ' or '"' ? '?' : c))
            : text;
    }
}

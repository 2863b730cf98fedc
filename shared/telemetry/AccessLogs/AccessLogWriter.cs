using System.Runtime.CompilerServices;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.AccessLogs;

/// <summary>Writes the access log, target <c>access</c> (reference 10.4, 10.5). Thread-safe.</summary>
public sealed class AccessLogWriter(LogHub hub)
{
    private readonly Logger _logger = hub.For("access");

    /// <summary>Whether openings are logged too.</summary>
    public bool IsOpenedEnabled => _logger.IsEnabled(LogLevel.Debug);

    /// <summary>Whether the line of an ended connection would be written.</summary>
    public bool IsCompletedEnabled(bool failed) => _logger.IsEnabled(failed ? LogLevel.Error : LogLevel.Info);

    /// <summary>Debug line at the start of a connection.</summary>
    public void Opened(in AccessLogEntry entry)
    {
        Fields fields = default;
        int count = Identify(fields, in entry);
        _logger.Log(LogLevel.Debug, "connection opened", ((ReadOnlySpan<LogField>)fields)[..count]);
    }

    /// <summary>The one line of an ended connection.</summary>
    public void Completed(in AccessLogEntry entry)
    {
        Fields fields = default;
        int count = Identify(fields, in entry);
        fields[count++] = LogField.Of("bytes_sent", entry.BytesSent);
        fields[count++] = LogField.Of("bytes_recv", entry.BytesReceived);
        fields[count++] = LogField.Milliseconds("duration", entry.DurationMilliseconds);
        fields[count++] = LogField.Of("error", entry.Error);
        _logger.Log(entry.Error is null ? LogLevel.Info : LogLevel.Error, "connection complete", ((ReadOnlySpan<LogField>)fields)[..count]);
    }

    /// <summary>A connection that ended before it had a route; <paramref name="destination"/> is the original destination.</summary>
    public void Failed(LogAddress source, LogAddress destination, bool isOutbound, string error) => _logger.Log(
        LogLevel.Warn,
        "connection failed",
        LogField.Of("src.addr", source),
        LogField.Of("dst.addr", destination),
        LogField.Of("direction", Direction(isOutbound)),
        LogField.Of("error", error));

    private static int Identify(Span<LogField> fields, in AccessLogEntry entry)
    {
        fields[0] = LogField.Of("src.addr", entry.Source);
        fields[1] = LogField.Of("src.workload", entry.SourceWorkload);
        fields[2] = LogField.Of("src.namespace", entry.SourceNamespace);
        fields[3] = LogField.Of("src.identity", entry.SourceIdentity);
        fields[4] = LogField.Of("src.cluster", entry.SourceCluster);
        fields[5] = LogField.Of("dst.addr", entry.Destination);
        fields[6] = LogField.Bare("dst.hbone_addr", entry.HboneAuthority);
        fields[7] = LogField.Of("dst.service", entry.DestinationService);
        fields[8] = LogField.Of("dst.workload", entry.DestinationWorkload);
        fields[9] = LogField.Of("dst.namespace", entry.DestinationNamespace);
        fields[10] = LogField.Of("dst.identity", entry.DestinationIdentity);
        fields[11] = LogField.Of("dst.cluster", entry.DestinationCluster);
        fields[12] = LogField.Of("direction", Direction(entry.IsOutbound));
        return 13;
    }

    private static string Direction(bool isOutbound) => isOutbound ? "outbound" : "inbound";

    [InlineArray(20)]
    private struct Fields
    {
        private LogField _first;
    }
}

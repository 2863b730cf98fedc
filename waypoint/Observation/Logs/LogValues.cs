using System.Globalization;
using Ambient.Routing.Formats;
using Ambient.Waypoint.Forwarding;

namespace Ambient.Waypoint.Observation.Logs;

/// <summary>What the commands of log formats stand for (waypoint reference 4.6). Pure.</summary>
internal static class LogValues
{
    private static readonly string HostName = Environment.MachineName;

    private static readonly string[] GrpcNames =
    [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange",
        "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
    ];

    /// <summary>The value of a command for a request.</summary>
    public static LogValueKind Get(LogPart part, ObservedRequest seen, out long number, out string text)
    {
        (number, text) = (0, "");
        return Number(part.Command, seen) is { } found ? Number(found, out number) : Text(TextOf(part, seen), part.MaxLength, out text);
    }

    private static LogValueKind Number(long found, out long number)
    {
        number = found;
        return LogValueKind.Number;
    }

    private static LogValueKind Text(string? found, int maxLength, out string text)
    {
        text = found is null ? "" : found.Length > maxLength ? found[..maxLength] : found;
        return text.Length == 0 ? LogValueKind.Missing : LogValueKind.Text;
    }

    private static long? Number(LogCommand command, ObservedRequest seen)
    {
        RequestRecord record = seen.Record;
        return command switch
        {
            LogCommand.ResponseCode => record.Status,
            LogCommand.BytesReceived => record.BytesReceived,
            LogCommand.BytesSent => record.BytesSent,
            LogCommand.RequestHeadBytes => record.RequestHeadBytes,
            LogCommand.ResponseHeadBytes => record.ResponseHeadBytes,
            LogCommand.Duration => seen.Duration,
            LogCommand.ResponseDuration when record.UpstreamTime >= 0 => record.UpstreamTime,
            LogCommand.ResponseSendDuration when record.UpstreamTime >= 0 => seen.Duration - record.UpstreamTime,
            LogCommand.GrpcStatusNumber when int.TryParse(record.GrpcStatus, CultureInfo.InvariantCulture, out int status) => status,
            LogCommand.UpstreamAttempts => record.Attempts,
            LogCommand.LocalPort => seen.Tunnel.Facts.DestinationPort,
            LogCommand.RemotePort => seen.Tunnel.Source.Port,
            LogCommand.DirectPort => seen.Tunnel.Peer.Port,
            _ => null,
        };
    }

    private static string? TextOf(LogPart part, ObservedRequest seen)
    {
        RequestRecord record = seen.Record;
        return part.Command switch
        {
            LogCommand.RequestField => seen.RequestField(part.Argument) ?? (part.Alternative.Length > 0 ? seen.RequestField(part.Alternative) : null),
            LogCommand.ResponseField => ResponseField(part, seen),
            LogCommand.ResponseTrailer => record.Kept?.Trailer(part.Argument),
            LogCommand.Path => seen.IsHttp ? PathOf(part, seen) : null,
            LogCommand.StartTime => LogTime.Format(record.StartTime, part.Argument),
            LogCommand.EmitTime => LogTime.Format(seen.Tunnel.Loop.Clock.GetUtcNow(), part.Argument),
            LogCommand.Protocol => seen.IsHttp ? record.Protocol : null,
            LogCommand.ResponseFlags => ResponseFlagText.Of(record.Flags),
            LogCommand.ResponseCodeDetails => seen.IsHttp ? record.Details : null,
            LogCommand.TerminationDetails => seen.TerminationDetails,
            LogCommand.TransportFailure => record.TransportFailure,
            LogCommand.GrpcStatus => GrpcName(record.GrpcStatus),
            LogCommand.EnvironmentVariable => Environment.GetEnvironmentVariable(part.Argument),
            LogCommand.Hostname => HostName,
            LogCommand.RouteName => record.RouteName,
            LogCommand.TraceId => record.Trace.IsActive ? record.Trace.TraceIdText() : null,
            LogCommand.Expression => part.Expression!.Evaluate(seen) is { IsMissing: false } value ? value.AsText() : null,
            _ => Address(part.Command, seen),
        };
    }

    private static string? Address(LogCommand command, ObservedRequest seen) => command switch
    {
        LogCommand.UpstreamHost => seen.Record.UpstreamHost,
        LogCommand.UpstreamCluster => seen.Record.Cluster,
        LogCommand.UpstreamPrincipal => seen.Record.Endpoint?.Identity.ToString(),
        LogCommand.LocalAddress => seen.Tunnel.Authority,
        LogCommand.LocalAddressOnly => seen.Tunnel.Facts.DestinationAddress.ToString(),
        LogCommand.RemoteAddress => seen.SourceText,
        LogCommand.RemoteAddressOnly => seen.Tunnel.Source.Address.ToString(),
        LogCommand.DirectAddress => seen.Tunnel.Peer.ToString(),
        LogCommand.DirectAddressOnly => seen.Tunnel.Peer.Address.ToString(),
        LogCommand.ClientPrincipal => seen.Tunnel.Facts.Client?.ToString(),
        LogCommand.OwnPrincipal => seen.Tunnel.Loop.Identity.ToString(),
        LogCommand.ServerName => seen.Tunnel.Facts.ServerName,
        _ => null,
    };

    // It is ours to say, also when nobody kept the answer's fields.
    private static string? ResponseField(LogPart part, ObservedRequest seen) =>
        part.Argument == "x-envoy-upstream-service-time"
            ? seen.Record.UpstreamTime < 0 ? null : seen.Record.UpstreamTime.ToString(CultureInfo.InvariantCulture)
            : seen.Record.Kept?.Field(part.Argument) ?? (part.Alternative.Length > 0 ? seen.Record.Kept?.Field(part.Alternative) : null);

    private static string? PathOf(LogPart part, ObservedRequest seen)
    {
        string? path = part.Argument.Contains("ORIG", StringComparison.Ordinal) ? seen.Record.Target : seen.RequestField(":path");
        int query = path is not null && part.Argument.StartsWith("NQ", StringComparison.Ordinal) ? path.IndexOf('?', StringComparison.Ordinal) : -1;
        return query < 0 ? path : path![..query];
    }

    private static string? GrpcName(string status) =>
        int.TryParse(status, CultureInfo.InvariantCulture, out int number) ? (uint)number < (uint)GrpcNames.Length ? GrpcNames[number] : status : null;
}

using System.Collections.Frozen;

namespace Ambient.Routing.Formats;

/// <summary>The names of commands. Immutable.</summary>
internal static class LogCommands
{
    private static readonly FrozenDictionary<string, (LogCommand Command, bool NeedsArgument)> Known = new Dictionary<string, (LogCommand, bool)>(StringComparer.Ordinal)
    {
        ["REQ"] = (LogCommand.RequestField, true),
        ["RESP"] = (LogCommand.ResponseField, true),
        ["TRAILER"] = (LogCommand.ResponseTrailer, true),
        ["ENVIRONMENT"] = (LogCommand.EnvironmentVariable, true),
        ["CEL"] = (LogCommand.Expression, true),
        ["PATH"] = (LogCommand.Path, false),
        ["START_TIME"] = (LogCommand.StartTime, false),
        ["EMIT_TIME"] = (LogCommand.EmitTime, false),
        ["PROTOCOL"] = (LogCommand.Protocol, false),
        ["RESPONSE_CODE"] = (LogCommand.ResponseCode, false),
        ["RESPONSE_FLAGS"] = (LogCommand.ResponseFlags, false),
        ["RESPONSE_CODE_DETAILS"] = (LogCommand.ResponseCodeDetails, false),
        ["CONNECTION_TERMINATION_DETAILS"] = (LogCommand.TerminationDetails, false),
        ["UPSTREAM_TRANSPORT_FAILURE_REASON"] = (LogCommand.TransportFailure, false),
        ["BYTES_RECEIVED"] = (LogCommand.BytesReceived, false),
        ["BYTES_SENT"] = (LogCommand.BytesSent, false),
        ["REQUEST_HEADERS_BYTES"] = (LogCommand.RequestHeadBytes, false),
        ["RESPONSE_HEADERS_BYTES"] = (LogCommand.ResponseHeadBytes, false),
        ["DURATION"] = (LogCommand.Duration, false),
        ["RESPONSE_DURATION"] = (LogCommand.ResponseDuration, false),
        ["RESPONSE_TX_DURATION"] = (LogCommand.ResponseSendDuration, false),
        ["GRPC_STATUS"] = (LogCommand.GrpcStatus, false),
        ["GRPC_STATUS_NUMBER"] = (LogCommand.GrpcStatusNumber, false),
        ["UPSTREAM_HOST"] = (LogCommand.UpstreamHost, false),
        ["UPSTREAM_REMOTE_ADDRESS"] = (LogCommand.UpstreamHost, false),
        ["UPSTREAM_CLUSTER"] = (LogCommand.UpstreamCluster, false),
        ["UPSTREAM_CLUSTER_RAW"] = (LogCommand.UpstreamCluster, false),
        ["UPSTREAM_LOCAL_ADDRESS"] = (LogCommand.UpstreamLocalAddress, false),
        ["UPSTREAM_PEER_URI_SAN"] = (LogCommand.UpstreamPrincipal, false),
        ["UPSTREAM_REQUEST_ATTEMPT_COUNT"] = (LogCommand.UpstreamAttempts, false),
        ["DOWNSTREAM_LOCAL_ADDRESS"] = (LogCommand.LocalAddress, false),
        ["DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"] = (LogCommand.LocalAddressOnly, false),
        ["DOWNSTREAM_LOCAL_PORT"] = (LogCommand.LocalPort, false),
        ["DOWNSTREAM_REMOTE_ADDRESS"] = (LogCommand.RemoteAddress, false),
        ["DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"] = (LogCommand.RemoteAddressOnly, false),
        ["DOWNSTREAM_REMOTE_PORT"] = (LogCommand.RemotePort, false),
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS"] = (LogCommand.DirectAddress, false),
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"] = (LogCommand.DirectAddressOnly, false),
        ["DOWNSTREAM_DIRECT_REMOTE_PORT"] = (LogCommand.DirectPort, false),
        ["DOWNSTREAM_PEER_URI_SAN"] = (LogCommand.ClientPrincipal, false),
        ["DOWNSTREAM_LOCAL_URI_SAN"] = (LogCommand.OwnPrincipal, false),
        ["REQUESTED_SERVER_NAME"] = (LogCommand.ServerName, false),
        ["ROUTE_NAME"] = (LogCommand.RouteName, false),
        ["HOSTNAME"] = (LogCommand.Hostname, false),
        ["TRACE_ID"] = (LogCommand.TraceId, false),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool TryGet(string name, out LogCommand command, out bool needsArgument)
    {
        bool isKnown = Known.TryGetValue(name, out (LogCommand Command, bool NeedsArgument) found);
        (command, needsArgument) = found;
        return isKnown;
    }

    public static bool MayHaveArgument(LogCommand command) => command is LogCommand.StartTime or LogCommand.EmitTime or LogCommand.Path or LogCommand.GrpcStatus;
}

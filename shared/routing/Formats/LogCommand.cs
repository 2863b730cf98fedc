namespace Ambient.Routing.Formats;

/// <summary>What a <c>%COMMAND%</c> of a log format stands for (waypoint reference 4.6, and Envoy's access log documentation).</summary>
public enum LogCommand
{
    /// <summary>Only the literal.</summary>
    None = 0,

    /// <summary>REQ: a field of the request.</summary>
    RequestField,

    /// <summary>RESP: a field of the response.</summary>
    ResponseField,

    /// <summary>TRAILER: a trailer of the response.</summary>
    ResponseTrailer,

    /// <summary>PATH: the path, with or without its query.</summary>
    Path,

    /// <summary>START_TIME.</summary>
    StartTime,

    /// <summary>EMIT_TIME.</summary>
    EmitTime,

    /// <summary>PROTOCOL.</summary>
    Protocol,

    /// <summary>RESPONSE_CODE.</summary>
    ResponseCode,

    /// <summary>RESPONSE_FLAGS.</summary>
    ResponseFlags,

    /// <summary>RESPONSE_CODE_DETAILS.</summary>
    ResponseCodeDetails,

    /// <summary>CONNECTION_TERMINATION_DETAILS.</summary>
    TerminationDetails,

    /// <summary>UPSTREAM_TRANSPORT_FAILURE_REASON.</summary>
    TransportFailure,

    /// <summary>BYTES_RECEIVED.</summary>
    BytesReceived,

    /// <summary>BYTES_SENT.</summary>
    BytesSent,

    /// <summary>REQUEST_HEADERS_BYTES.</summary>
    RequestHeadBytes,

    /// <summary>RESPONSE_HEADERS_BYTES.</summary>
    ResponseHeadBytes,

    /// <summary>DURATION.</summary>
    Duration,

    /// <summary>RESPONSE_DURATION: until the first byte of the answer.</summary>
    ResponseDuration,

    /// <summary>RESPONSE_TX_DURATION: from there to its end.</summary>
    ResponseSendDuration,

    /// <summary>GRPC_STATUS: its name, or its number.</summary>
    GrpcStatus,

    /// <summary>GRPC_STATUS_NUMBER.</summary>
    GrpcStatusNumber,

    /// <summary>UPSTREAM_HOST, UPSTREAM_REMOTE_ADDRESS.</summary>
    UpstreamHost,

    /// <summary>UPSTREAM_CLUSTER, UPSTREAM_CLUSTER_RAW.</summary>
    UpstreamCluster,

    /// <summary>UPSTREAM_LOCAL_ADDRESS.</summary>
    UpstreamLocalAddress,

    /// <summary>UPSTREAM_PEER_URI_SAN: who the endpoint is.</summary>
    UpstreamPrincipal,

    /// <summary>UPSTREAM_REQUEST_ATTEMPT_COUNT.</summary>
    UpstreamAttempts,

    /// <summary>DOWNSTREAM_LOCAL_ADDRESS.</summary>
    LocalAddress,

    /// <summary>DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT.</summary>
    LocalAddressOnly,

    /// <summary>DOWNSTREAM_LOCAL_PORT.</summary>
    LocalPort,

    /// <summary>DOWNSTREAM_REMOTE_ADDRESS.</summary>
    RemoteAddress,

    /// <summary>DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT.</summary>
    RemoteAddressOnly,

    /// <summary>DOWNSTREAM_DIRECT_REMOTE_ADDRESS.</summary>
    DirectAddress,

    /// <summary>DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT.</summary>
    DirectAddressOnly,

    /// <summary>DOWNSTREAM_DIRECT_REMOTE_PORT.</summary>
    DirectPort,

    /// <summary>DOWNSTREAM_REMOTE_PORT.</summary>
    RemotePort,

    /// <summary>DOWNSTREAM_PEER_URI_SAN: who the client is.</summary>
    ClientPrincipal,

    /// <summary>DOWNSTREAM_LOCAL_URI_SAN: who the waypoint is.</summary>
    OwnPrincipal,

    /// <summary>REQUESTED_SERVER_NAME.</summary>
    ServerName,

    /// <summary>ROUTE_NAME.</summary>
    RouteName,

    /// <summary>HOSTNAME.</summary>
    Hostname,

    /// <summary>ENVIRONMENT: a variable of the waypoint's.</summary>
    EnvironmentVariable,

    /// <summary>TRACE_ID.</summary>
    TraceId,

    /// <summary>CEL: an expression.</summary>
    Expression,
}

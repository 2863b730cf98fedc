namespace Ambient.Mesh.Connections;

/// <summary>Why a connection ended: the one vocabulary of failure. Append-only, the numbers leave the process; <see cref="CloseReasons"/> says what each means.</summary>
public enum CloseReason
{
    /// <summary>Not closed.</summary>
    None = 0,

    /// <summary>The client went away before anything happened.</summary>
    ClientClosed = 1,

    /// <summary>Both directions ended as they should.</summary>
    Completed = 2,

    /// <summary>A policy refused the connection when it began.</summary>
    PolicyDenied = 3,

    /// <summary>A later policy refuses a connection that had been accepted.</summary>
    PolicyChanged = 4,

    /// <summary>The local workload isn't in the view.</summary>
    UnknownSource = 5,

    /// <summary>The connection leads back to the proxy's own ports.</summary>
    SelfCall = 6,

    /// <summary>The waypoint that traffic must pass isn't known.</summary>
    UnknownWaypoint = 7,

    /// <summary>The gateway of the destination's network isn't known.</summary>
    UnknownGateway = 8,

    /// <summary>The Service has no endpoint that can take the connection.</summary>
    NoHealthyUpstream = 9,

    /// <summary>The address isn't one of a Service, where one is needed.</summary>
    NoServiceForAddress = 10,

    /// <summary>The destination refused or couldn't be reached.</summary>
    ConnectFailed = 11,

    /// <summary>The destination didn't answer in time (plain TCP).</summary>
    ConnectTimeout = 12,

    /// <summary>Port 15008 of the destination didn't answer in time.</summary>
    HboneConnectTimeout = 13,

    /// <summary>The workload's own certificate couldn't be had.</summary>
    CertificateUnavailable = 14,

    /// <summary>The chosen workload has no address and no gateway.</summary>
    NoRoute = 15,

    /// <summary>The TLS handshake or a record failed.</summary>
    TlsFailure = 16,

    /// <summary>The peer's certificate doesn't carry an expected identity.</summary>
    PeerIdentityMismatch = 17,

    /// <summary>The HTTP/2 session failed.</summary>
    Http2Failure = 18,

    /// <summary>The peer answered the CONNECT with another status than 200.</summary>
    Refused = 19,

    /// <summary>Writing to the peer failed.</summary>
    SendFailed = 20,

    /// <summary>Reading from the peer failed.</summary>
    ReceiveFailed = 21,

    /// <summary>The peer's proxy reset the stream.</summary>
    PeerReset = 22,

    /// <summary>The application reset its connection.</summary>
    AppReset = 23,

    /// <summary>Ended by force because the proxy was drained.</summary>
    Drained = 24,

    /// <summary>The peer's certificate is revoked.</summary>
    Revoked = 25,

    /// <summary>The CONNECT names an address that this pod may not serve.</summary>
    IpMismatch = 26,

    /// <summary>The CONNECT has no usable authority, or another method was used.</summary>
    BadAuthority = 27,

    /// <summary>The CONNECT names an unknown host.</summary>
    UnknownHost = 28,

    /// <summary>The Service has no such port, or no address to name.</summary>
    UnknownPort = 29,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 30,

    /// <summary>The peer did too many odd things.</summary>
    AbuseBudgetExceeded = 31,

    /// <summary>Memory or descriptors ran out.</summary>
    OutOfResources = 32,

    /// <summary>A bug.</summary>
    InternalError = 33,

    /// <summary>The peer stopped answering pings.</summary>
    KeepAliveTimeout = 34,

    /// <summary>The handshake took too long.</summary>
    HandshakeTimeout = 35,

    /// <summary>The pod is gone.</summary>
    PodRemoved = 36,

    /// <summary>The workload is known by a hostname that doesn't resolve.</summary>
    NameNotResolved = 37,

    /// <summary>The control plane was asked for the destination and did not answer (on-demand mode).</summary>
    DiscoveryTimeout = 38,

    /// <summary>The endpoint left the mesh before it had answered.</summary>
    EndpointRemoved = 39,

    /// <summary>Given up by ourselves before both directions had ended.</summary>
    Aborted = 40,
}

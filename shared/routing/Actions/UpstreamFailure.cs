namespace Ambient.Routing.Actions;

/// <summary>Why there was no response (waypoint reference 3.1).</summary>
public enum UpstreamFailure
{
    /// <summary>There was one.</summary>
    None,

    /// <summary>No endpoint is healthy.</summary>
    NoEndpoint,

    /// <summary>The connection could not be made, or the tunnel was refused.</summary>
    ConnectFailed,

    /// <summary>Connecting took too long.</summary>
    ConnectTimeout,

    /// <summary>The endpoint refused the stream unprocessed.</summary>
    Refused,

    /// <summary>The connection ended before anything of the request was sent.</summary>
    ResetBeforeRequest,

    /// <summary>The connection ended before the response.</summary>
    ConnectionClosed,

    /// <summary>The stream was reset before the response.</summary>
    Reset,

    /// <summary>The endpoint does not speak HTTP.</summary>
    ProtocolError,

    /// <summary>The endpoint speaks HTTP/2 and takes no other protocol inside of it; nothing was sent.</summary>
    UpgradeNotTaken,

    /// <summary>A limit of connections or requests was reached.</summary>
    Overflow,

    /// <summary>One try took too long.</summary>
    TryTimeout,

    /// <summary>All tries together took too long.</summary>
    Timeout,
}

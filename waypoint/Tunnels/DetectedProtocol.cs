namespace Ambient.Waypoint.Tunnels;

/// <summary>What the first bytes of a connection are.</summary>
public enum DetectedProtocol
{
    /// <summary>Too few of them.</summary>
    Undecided,

    /// <summary>An HTTP/1.1 request.</summary>
    Http1,

    /// <summary>The beginning of HTTP/2 (prior knowledge).</summary>
    Http2,

    /// <summary>Something else, HTTP/1.0 included.</summary>
    Other,
}

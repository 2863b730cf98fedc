namespace Ambient.Waypoint.Forwarding;

/// <summary>What happened to a request, in the letters of access logs and metrics, in their order (waypoint reference 3.4).</summary>
[Flags]
internal enum ResponseFlags
{
    /// <summary>Nothing remarkable.</summary>
    None = 0,

    /// <summary>UH: no healthy endpoint.</summary>
    NoHealthyUpstream = 1,

    /// <summary>UT: the endpoint took too long.</summary>
    UpstreamTimeout = 2,

    /// <summary>UR: the endpoint reset the stream.</summary>
    UpstreamReset = 4,

    /// <summary>UF: no connection to the endpoint.</summary>
    UpstreamFailure = 8,

    /// <summary>UC: the endpoint closed the connection.</summary>
    UpstreamClosed = 16,

    /// <summary>UO: too many requests.</summary>
    Overflow = 32,

    /// <summary>NR: no route.</summary>
    NoRoute = 64,

    /// <summary>DI: delayed on purpose.</summary>
    DelayInjected = 128,

    /// <summary>FI: failed on purpose.</summary>
    FaultInjected = 256,

    /// <summary>UAEX: denied by an external authoriser.</summary>
    Unauthorized = 512,

    /// <summary>DC: the client went away.</summary>
    ClientGone = 1024,

    /// <summary>URX: no retry left.</summary>
    RetriesExceeded = 2048,

    /// <summary>DPE: the client does not speak HTTP.</summary>
    ClientProtocolError = 4096,

    /// <summary>UPE: the endpoint does not speak HTTP.</summary>
    UpstreamProtocolError = 8192,

    /// <summary>NC: the destination is not known.</summary>
    NoCluster = 16384,

    /// <summary>SI: nothing moved for too long.</summary>
    StreamIdle = 32768,

    /// <summary>DF: the host that was asked for has no address.</summary>
    NameFailure = 65536,

    /// <summary>RL: more requests than are let through; nothing else is ever said beside it.</summary>
    RateLimited = 131072,
}

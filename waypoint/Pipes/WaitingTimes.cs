namespace Ambient.Waypoint.Pipes;

/// <summary>Who may be waited for, and how long: everything that is no setting, in milliseconds.</summary>
internal static class WaitingTimes
{
    // Beginning.

    /// <summary>Connecting by TCP, unless a policy says otherwise (the mesh's connectTimeout).</summary>
    public const long Connect = 10_000;

    /// <summary>The TLS handshake with an endpoint, unless a policy says otherwise.</summary>
    public const long ServerHandshake = 10_000;

    /// <summary>What an endpoint in HTTP/2 allows (SETTINGS), once the connection is there.</summary>
    public const long Settings = 10_000;

    /// <summary>A client outside the mesh until its handshake is done, its first byte included.</summary>
    public const long ClientArrival = 10_000;

    // Requests.

    /// <summary>A client outside the mesh that is in the middle of a head.</summary>
    public const long Head = 15_000;

    /// <summary>A client outside the mesh that asks for nothing, between requests.</summary>
    public const long IdleClient = 300_000;

    /// <summary>A client outside the mesh that takes nothing of what waits for it, while requests are under way.</summary>
    public const long ClientStall = 60_000;

    /// <summary>A message that has begun and stands still: a body of a known length or an upload, nothing of which moves (Envoy's stream_idle_timeout).</summary>
    public const long StillMessage = 300_000;

    /// <summary>Something that may be silent in order: an endpoint that thinks, a gRPC stream, events, an upgraded connection.</summary>
    public const long StillStream = 3_600_000;

    /// <summary>The rest of a request that was answered already.</summary>
    public const long Linger = 30_000;

    /// <summary>The beginning of an answer in HTTP/1.1, once the client has ended its direction: it may listen still, or have left. Its end is heard once all bytes before it are read, further requests among them.</summary>
    public const long Departure = 30_000;

    /// <summary>A connection without HTTP on which nothing moves, unless a policy says otherwise.</summary>
    public const long StillConnection = 3_600_000;

    /// <summary>A connection to an endpoint that nobody uses, unless a policy says otherwise.</summary>
    public const long IdleServer = 60_000;

    /// <summary>The answer to a copy of a request.</summary>
    public const long Mirror = 30_000;

    // Signs of life of endpoints in HTTP/2.

    /// <summary>Silence after a request that makes us ask.</summary>
    public const long Silence = 5_000;

    /// <summary>Silence after we asked that ends the connection.</summary>
    public const long Patience = 15_000;

    /// <summary>Silence during a whole request that was given up, after which new ones go elsewhere.</summary>
    public const long DoubtfulSilence = 1_000;

    // Ending.

    /// <summary>A side that has been told the end, and has read everything, until it closes.</summary>
    public const long Close = 5_000;

    /// <summary>The same in HTTP/2, where the end was told by GOAWAY before.</summary>
    public const long Http2Close = 2_000;

    /// <summary>The same after a TLS alert.</summary>
    public const long Alert = 1_000;

    /// <summary>A side that has been told the end and reads nothing of what waits for it.</summary>
    public const long CloseStall = 10_000;

    /// <summary>Requests that were on their way when a client was told that no more are taken.</summary>
    public const long LateRequests = 5_000;
}

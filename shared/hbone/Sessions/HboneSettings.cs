namespace Ambient.Hbone.Sessions;

/// <summary>Parameters of HBONE sessions (ztunnel.md 2.2, 2.3, 2.8). Immutable.</summary>
public sealed record HboneSettings
{
    /// <summary>The most that a stream may have in flight towards us, bytes. A stream begins with <see cref="InitialStreamWindow"/> and grows while its reader keeps up.</summary>
    public int StreamWindow { get; init; } = 4 * 1024 * 1024;

    /// <summary>What a stream may send before its first credit, bytes.</summary>
    public int InitialStreamWindow { get; init; } = 512 * 1024;

    /// <summary>The most that all streams of a session may have in flight towards us, bytes; bounds the session's memory.</summary>
    public int ConnectionWindow { get; init; } = 16 * 1024 * 1024;

    /// <summary>The largest frame we accept, bytes (16 384 to 16 777 215).</summary>
    public int FrameSize { get; init; } = 1024 * 1024;

    /// <summary>Streams that a peer may have open with us as server.</summary>
    public int MaxConcurrentStreams { get; init; } = 200;

    /// <summary>The largest header list we accept, in bytes as RFC 9113 section 6.5.2 counts them.</summary>
    public int MaxHeaderListSize { get; init; } = 65536;

    /// <summary>Pause between two keep-alive pings.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a ping may stay unanswered while nothing else comes.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long TLS and the exchange of settings may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the TCP connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a session that has said goodbye waits for the peer to read it and to close.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Streams per pooled session; 1 means no sharing.</summary>
    public int PoolMaxStreams { get; init; } = 100;

    /// <summary>How long a session without streams stays in the pool.</summary>
    public TimeSpan PoolIdle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Sessions that one pool keeps.</summary>
    public int PoolCapacity { get; init; } = 500;
}

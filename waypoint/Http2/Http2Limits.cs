namespace Ambient.Waypoint.Http2;

/// <summary>What we allow a peer. Immutable.</summary>
internal static class Http2Limits
{
    /// <summary>What a stream may have in flight towards us, bytes.</summary>
    public const int StreamWindow = 256 * 1024;

    /// <summary>What all streams of a connection may have in flight towards us, bytes; bounds the connection's memory.</summary>
    public const int ConnectionWindow = 16 * 1024 * 1024;

    /// <summary>Streams that a client may have open.</summary>
    public const int MaxStreams = 250;

    /// <summary>The largest frame we accept, bytes.</summary>
    public const int FrameSize = 16 * 1024;

    /// <summary>The largest header list, bytes: what HTTP/1.1 allows, and what RFC 9113 section 6.5.2 adds for each field.</summary>
    public const int HeaderList = (60 * 1024) + (100 * 32);

    /// <summary>The dynamic table of a peer's encoder, bytes.</summary>
    public const int TableSize = 4096;

    /// <summary>Frames of one header block behind the first; the flood of CONTINUATIONs ends here.</summary>
    public const int MaxContinuations = 8;

    /// <summary>Frames that wait to be sent, bytes, beyond which nothing is read from a client.</summary>
    public const int MaxUnsent = 512 * 1024;
}

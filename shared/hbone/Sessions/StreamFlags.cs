namespace Ambient.Hbone.Sessions;

/// <summary>State bits of a stream.</summary>
[Flags]
internal enum StreamFlags : ushort
{
    None = 0,

    /// <summary>The 200 was sent or received.</summary>
    Opened = 1,

    /// <summary>The source has more to read.</summary>
    Readable = 2,

    /// <summary>The source's end is near: read on after short reads.</summary>
    SourceEnding = 4,

    /// <summary>END_STREAM was sent.</summary>
    LocalEnded = 8,

    /// <summary>END_STREAM was received.</summary>
    RemoteEnded = 16,

    /// <summary>The endpoint was told so, after its last byte.</summary>
    RemoteDelivered = 32,

    /// <summary>The last read was short: offer one record's room next time.</summary>
    Small = 64,

    /// <summary>In one of the session's waiting queues.</summary>
    Waiting = 128,

    /// <summary>Ended by the peer or with the session, but the endpoint has yet to take bytes that arrived before.</summary>
    Lingering = 512,

    /// <summary>Gone.</summary>
    Closed = 256,
}

namespace Ambient.Hbone.Frames;

/// <summary>Frame types (RFC 9113 section 6); others are ignored as the RFC demands.</summary>
public enum FrameType : byte
{
    /// <summary>Payload of a stream.</summary>
    Data = 0,

    /// <summary>Begins or ends a stream with a header block.</summary>
    Headers = 1,

    /// <summary>Obsolete; checked for its size and ignored.</summary>
    Priority = 2,

    /// <summary>Ends a stream at once.</summary>
    RstStream = 3,

    /// <summary>Parameters of the connection.</summary>
    Settings = 4,

    /// <summary>Server push; never allowed here.</summary>
    PushPromise = 5,

    /// <summary>Round trip, also used as keep-alive.</summary>
    Ping = 6,

    /// <summary>The peer goes away.</summary>
    GoAway = 7,

    /// <summary>Credit for sending.</summary>
    WindowUpdate = 8,

    /// <summary>The rest of a header block.</summary>
    Continuation = 9,
}

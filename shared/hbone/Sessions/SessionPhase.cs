namespace Ambient.Hbone.Sessions;

/// <summary>Where a session stands.</summary>
public enum SessionPhase : byte
{
    /// <summary>The TCP connect is under way (client).</summary>
    Connecting = 0,

    /// <summary>TLS handshake.</summary>
    Handshaking = 1,

    /// <summary>Streams may be opened.</summary>
    Open = 2,

    /// <summary>No new streams; closes when the last one ends.</summary>
    Draining = 3,

    /// <summary>Everything was said; waits until the peer has read it and closes too.</summary>
    Closing = 4,

    /// <summary>Gone.</summary>
    Closed = 5,
}

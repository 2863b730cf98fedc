namespace Ambient.Tls.Handshakes;

/// <summary>Where a handshake stands.</summary>
public enum HandshakeStatus
{
    /// <summary>Waits for the peer; first send <see cref="Handshake.Output"/>.</summary>
    NeedInput = 0,

    /// <summary>Done: send what is left in <see cref="Handshake.Output"/> and take the record layer.</summary>
    Completed = 1,

    /// <summary>Failed for good: <see cref="Handshake.Failure"/> says why, <see cref="Handshake.Output"/> may hold an alert.</summary>
    Failed = 2,
}

namespace Ambient.Tls.Sessions;

/// <summary>Where a TLS connection stands.</summary>
public enum TlsSessionStatus
{
    /// <summary>The handshake goes on.</summary>
    Handshake = 0,

    /// <summary>Bytes of the application pass.</summary>
    Open = 1,

    /// <summary>The peer has said that it sends no more; we still may.</summary>
    PeerEnded = 2,

    /// <summary>It failed for good. What there is of output, an alert perhaps, is to be sent, and nothing else.</summary>
    Failed = 3,
}

namespace Ambient.Mesh.Connections;

/// <summary>Why a connection ended. Append-only: the numbers leave the process.</summary>
public enum CloseReason
{
    /// <summary>Not closed.</summary>
    None = 0,

    /// <summary>The TLS handshake or a record failed.</summary>
    TlsFailure = 16,

    /// <summary>The peer's certificate doesn't carry an expected identity.</summary>
    PeerIdentityMismatch = 17,

    /// <summary>The peer's certificate is revoked.</summary>
    Revoked = 25,

    /// <summary>Memory or descriptors ran out.</summary>
    OutOfResources = 32,

    /// <summary>A bug.</summary>
    InternalError = 33,
}

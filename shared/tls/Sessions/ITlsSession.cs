namespace Ambient.Tls.Sessions;

/// <summary>
/// One side of a TLS connection without I/O: bytes of the peer go in by <see cref="Feed"/>, bytes for it come out of <see cref="Output"/>. Loop-affine.
/// </summary>
/// <remarks>Handshake → Open → PeerEnded; each → Failed, which <see cref="Failure"/> explains. Dispose is right in every state.</remarks>
public interface ITlsSession : IDisposable
{
    /// <summary>Where it stands.</summary>
    TlsSessionStatus Status { get; }

    /// <summary>Why it failed, null while it has not; holds no secret.</summary>
    string? Failure { get; }

    /// <summary>Bytes of the peer that were given and not looked at yet.</summary>
    int PendingInput { get; }

    /// <summary>Bytes for the peer; valid until the next call on this object.</summary>
    ReadOnlySpan<byte> Output { get; }

    /// <summary>All of <see cref="Output"/> was taken.</summary>
    void ClearOutput();

    /// <summary>Takes bytes of the peer; <see cref="Advance"/> or <see cref="Read"/> acts on them. False when it has failed.</summary>
    bool Feed(ReadOnlySpan<byte> bytes);

    /// <summary>Goes on with the handshake as far as the input allows.</summary>
    TlsSessionStatus Advance();

    /// <summary>Bytes of the application; 0: there are none for now, or no more, which <see cref="Status"/> tells.</summary>
    int Read(Span<byte> into);

    /// <summary>Takes bytes of the application, all of them or, when it failed, none.</summary>
    bool Write(ReadOnlySpan<byte> bytes);

    /// <summary>We send no more (close_notify).</summary>
    void End();
}

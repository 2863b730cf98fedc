using Ambient.Tls.Records;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Handshakes;

/// <summary>One TLS handshake without I/O. Loop-affine: not thread-safe.</summary>
public sealed class Handshake : IDisposable
{
    private Handshake()
    {
    }

    /// <summary>Bytes to send; valid until the next call on this object.</summary>
    public ReadOnlySpan<byte> Output => default;

    /// <summary>Why the handshake failed.</summary>
    public TlsFailure? Failure { get; private set; }

    /// <summary>The verified peer; null before the certificate is verified.</summary>
    public PeerCertificate? Peer { get; private set; }

    /// <summary>The role of a client; <see cref="Output"/> has the ClientHello after the first <see cref="Advance"/> (with empty input).</summary>
    public static Handshake Client(TlsContext context, PeerRequirement peer) => throw new NotSupportedException();

    /// <summary>The role of a server.</summary>
    public static Handshake Server(TlsContext context, PeerRequirement peer) => throw new NotSupportedException();

    /// <summary>
    /// Goes as far as the input allows. Consumes whole records only, and none behind the handshake's end: what is left
    /// belongs to the record layer.
    /// </summary>
    public HandshakeStatus Advance(ReadOnlySpan<byte> input, out int consumed) => throw new NotSupportedException();

    /// <summary>Says that the first <paramref name="written"/> bytes of <see cref="Output"/> are sent.</summary>
    public void AdvanceOutput(int written) => throw new NotSupportedException();

    /// <summary>After completion, once: the layer for application records. <see cref="Output"/> stays valid until <see cref="Dispose"/>.</summary>
    public RecordLayer TakeRecordLayer() => throw new NotSupportedException();

    /// <summary>Frees everything but a record layer that was taken.</summary>
    public void Dispose()
    {
    }
}

using Ambient.Mesh.Connections;
using Ambient.Tls.Native;
using Ambient.Tls.Records;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Handshakes;

/// <summary>The peer's side: records in, its certificate, and what goes wrong.</summary>
public sealed unsafe partial class Handshake
{
    private const int MaxCertificate = CertificateParser.MaxSize;

    // DER of the peer's certificates, as libssl holds them; one handshake at a time uses it.
    [ThreadStatic]
    private static byte[]? _presented;

    /// <summary>libssl's question: is this chain good? Returns 0, or the code that chooses the alert.</summary>
    internal int VerifyPeer(nint stack)
    {
        if (_isClient && !HasChosenHttp2())
        {
            _verification = new VerificationFailure(
                Libcrypto.X509_V_ERR_APPLICATION_VERIFICATION, CloseReason.TlsFailure, "the server did not choose the protocol h2 (ALPN)");
            return _verification.LibraryCode;
        }

        byte[] presented = _presented ??= new byte[PeerVerifier.MaxPresentedBytes];
        Span<int> lengths = stackalloc int[PeerVerifier.MaxPresented + 1];
        int count = 0;
        int total = 0;
        int offered = Math.Min(Libcrypto.OPENSSL_sk_num(stack), lengths.Length);
        for (int i = 0; i < offered; i++)
        {
            nint certificate = Libcrypto.OPENSSL_sk_value(stack, i);
            int length = Libcrypto.i2d_X509(certificate, null);
            if (length is <= 0 or > MaxCertificate || total + length > presented.Length)
            {
                _verification = VerificationFailure.TooLong("the peer presented certificates of too many bytes");
                return _verification.LibraryCode;
            }

            fixed (byte* start = &presented[total])
            {
                byte* position = start;
                _ = Libcrypto.i2d_X509(certificate, &position);
            }

            total += length;
            lengths[count++] = length;
        }

        PeerRole role = _isClient ? PeerRole.Server : PeerRole.Client;
        Peer = _context.Verifier.Verify(presented.AsSpan(0, total), lengths[..count], role, _requirement, out _verification);
        return Peer is not null ? 0 : _verification?.LibraryCode ?? Libcrypto.X509_V_ERR_CERT_REJECTED;
    }

    internal void TakeSecret(ReadOnlySpan<byte> line) => _secrets.Take(line);

    /// <summary>A bug in a callback: the handshake fails with its text instead of tearing the process down.</summary>
    internal void NoteFault(Exception exception) => _fault = $"internal error in a TLS callback: {exception.GetType().Name}: {exception.Message}";

    private bool HasChosenHttp2()
    {
        byte* protocol;
        uint length;
        Libssl.SSL_get0_alpn_selected(_ssl, &protocol, &length);
        return length == 2 && protocol[0] == (byte)'h' && protocol[1] == (byte)'2';
    }

    /// <summary>How many bytes of the input are whole records; false (and failed) when it doesn't begin with one.</summary>
    private bool TryMeasure(ReadOnlySpan<byte> input, out int whole)
    {
        whole = 0;
        while (TryReadHeader(input[whole..], out int length, out bool isRecord))
        {
            if (!isRecord)
            {
                if (whole == 0)
                {
                    _ = Fail(CloseReason.TlsFailure, DescribeGarbage(input));
                }

                return whole != 0;
            }

            if (input.Length - whole < length)
            {
                break;
            }

            whole += length;
        }

        return true;
    }

    // opaque type; uint16 legacy_version (0x0301 or 0x0303); uint16 length (RFC 8446 section 5.1)
    private static bool TryReadHeader(ReadOnlySpan<byte> input, out int length, out bool isRecord)
    {
        length = 0;
        isRecord = false;
        if (input.IsEmpty)
        {
            return false;
        }

        if (input[0] is < 20 or > 23 || (input.Length > 1 && input[1] != 3))
        {
            return true;
        }

        if (input.Length < RecordLayer.HeaderSize)
        {
            return false;
        }

        int body = (input[3] << 8) | input[4];
        length = RecordLayer.HeaderSize + body;
        isRecord = body is > 0 and <= MaxBodyLength;
        return true;
    }

    private static string DescribeGarbage(ReadOnlySpan<byte> input)
    {
        bool isText = input[0] is >= 0x20 and < 0x7F;
        return isText
            ? "the peer sent plaintext where TLS is due"
            : $"the peer sent something that is not TLS (first byte 0x{input[0]:x2})";
    }

    private static bool IsBoundary(ReadOnlySpan<byte> records, int position)
    {
        int at = 0;
        while (at < position && TryReadHeader(records[at..], out int length, out bool isRecord) && isRecord)
        {
            at += length;
        }

        return at == position;
    }

    private bool TryFeed(ReadOnlySpan<byte> records)
    {
        // What was fed before counts: this time's input may end with a bufferful of application records.
        if (_inputTotal > MaxInput)
        {
            _ = Fail(CloseReason.TlsFailure, $"the peer sent more than {MaxInput / 1024} KiB without completing the handshake");
            return false;
        }

        fixed (byte* data = records)
        {
            if (Libcrypto.BIO_write(_input, data, records.Length) != records.Length)
            {
                _ = Fail(CloseReason.OutOfResources, $"no memory for the handshake: {ErrorQueue.Drain()}");
                return false;
            }
        }

        _inputTotal += records.Length;
        return true;
    }

    private HandshakeStatus FailWithLibraryReason()
    {
        string text = ErrorQueue.Drain(out byte peerAlert);
        if (_verification is { } verification)
        {
            return Fail(verification.Reason, verification.Text);
        }

        if (_fault is not null)
        {
            return Fail(CloseReason.InternalError, _fault);
        }

        return peerAlert != 0
            ? Fail(CloseReason.TlsFailure, $"the peer refused the handshake with the alert {TlsAlerts.Describe(peerAlert)}")
            : Fail(CloseReason.TlsFailure, $"handshake failed: {text}");
    }

    private HandshakeStatus Fail(CloseReason reason, string text)
    {
        Failure = new TlsFailure(reason, text);
        Peer = null;
        _secrets.Wipe();
        return _status = HandshakeStatus.Failed;
    }
}

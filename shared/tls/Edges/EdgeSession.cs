using Ambient.Tls.Native;
using Ambient.Tls.Sessions;

namespace Ambient.Tls.Edges;

/// <summary>Our side of a connection of a client outside the mesh. Loop-affine.</summary>
/// <remarks>libssl's own records over memory BIOs: TLS 1.2 has other records than the mesh's, and a client may resume.</remarks>
public sealed unsafe class EdgeSession : ITlsSession
{
    // A flight with a long chain fits several times over; a client that sends more is playing.
    private const int MaxHandshake = 256 * 1024;

    private readonly nint _input;
    private readonly nint _output;
    private nint _ssl;
    private int _handshakeBytes;
    private bool _hasEnded;

    internal EdgeSession(nint ssl)
    {
        _ssl = ssl;
        _input = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        _output = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        if (_ssl == 0 || _input == 0 || _output == 0)
        {
            Fail($"no TLS session can be made: {ErrorQueue.Drain()}");
            _ = Libcrypto.BIO_free(_input);
            _ = Libcrypto.BIO_free(_output);
            if (_ssl != 0)
            {
                Libssl.SSL_free(_ssl);
                _ssl = 0;
            }

            return;
        }

        Libssl.SSL_set_bio(_ssl, _input, _output);
        Libssl.SSL_set_accept_state(_ssl);
    }

    /// <summary>Frees what a forgotten <see cref="Dispose"/> left.</summary>
    ~EdgeSession() => Free();

    /// <inheritdoc/>
    public TlsSessionStatus Status { get; private set; }

    /// <inheritdoc/>
    public string? Failure { get; private set; }

    /// <summary>The negotiated version, such as 0x0304; 0 before.</summary>
    public int Version => Status is TlsSessionStatus.Open or TlsSessionStatus.PeerEnded && _ssl != 0 ? Libssl.SSL_version(_ssl) : 0;

    /// <inheritdoc/>
    public int PendingInput => _ssl == 0 ? 0 : (int)Libcrypto.BIO_ctrl_pending(_input);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Output
    {
        get
        {
            if (_ssl == 0)
            {
                return default;
            }

            byte* data;
            int length = (int)Libcrypto.BIO_ctrl(_output, Libcrypto.BIO_CTRL_INFO, 0, &data);
            return length <= 0 ? default : new ReadOnlySpan<byte>(data, length);
        }
    }

    /// <inheritdoc/>
    public void ClearOutput()
    {
        if (_ssl != 0)
        {
            _ = Libcrypto.BIO_ctrl(_output, Libcrypto.BIO_CTRL_RESET, 0, null);
        }
    }

    /// <inheritdoc/>
    public bool Feed(ReadOnlySpan<byte> bytes)
    {
        if (Status == TlsSessionStatus.Failed || _ssl == 0)
        {
            return false;
        }

        if (Status == TlsSessionStatus.Handshake && (_handshakeBytes += bytes.Length) > MaxHandshake)
        {
            Fail($"the client sent more than {MaxHandshake / 1024} KiB without completing the handshake");
            return false;
        }

        fixed (byte* start = bytes)
        {
            if (!bytes.IsEmpty && Libcrypto.BIO_write(_input, start, bytes.Length) != bytes.Length)
            {
                Fail("no memory for what the client sent");
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public TlsSessionStatus Advance()
    {
        if (Status == TlsSessionStatus.Handshake)
        {
            ErrorQueue.Clear();
            int result = Libssl.SSL_do_handshake(_ssl);
            if (result == 1)
            {
                Status = TlsSessionStatus.Open;
            }
            else
            {
                Judge(result);
            }
        }

        return Status;
    }

    /// <inheritdoc/>
    public int Read(Span<byte> into)
    {
        if (Status != TlsSessionStatus.Open)
        {
            return 0;
        }

        ErrorQueue.Clear();
        fixed (byte* start = into)
        {
            int result = Libssl.SSL_read(_ssl, start, into.Length);
            if (result > 0)
            {
                return result;
            }

            Judge(result);
            return 0;
        }
    }

    /// <inheritdoc/>
    public bool Write(ReadOnlySpan<byte> bytes)
    {
        if (Status is not (TlsSessionStatus.Open or TlsSessionStatus.PeerEnded) || _hasEnded)
        {
            return false;
        }

        while (!bytes.IsEmpty)
        {
            ErrorQueue.Clear();
            fixed (byte* start = bytes)
            {
                int count = Libssl.SSL_write(_ssl, start, bytes.Length);
                if (count <= 0)
                {
                    // The memory behind it always takes what is written.
                    Fail(ErrorQueue.Drain());
                    return false;
                }

                bytes = bytes[count..];
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public void End()
    {
        if (!_hasEnded && Status is TlsSessionStatus.Open or TlsSessionStatus.PeerEnded)
        {
            _hasEnded = true;
            ErrorQueue.Clear();
            _ = Libssl.SSL_shutdown(_ssl);
            ErrorQueue.Clear();
        }
    }

    /// <summary>Whether nothing is wrong with the certificate that the client has shown, also where any is tolerated; true when it has shown none.</summary>
    public bool IsPeerVerified => _ssl != 0 && Libssl.SSL_get_verify_result(_ssl) == 0;

    /// <summary>The certificate that the client has shown, DER; null when it has not.</summary>
    public byte[]? PeerCertificate()
    {
        nint certificate = _ssl == 0 ? 0 : Libssl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
        {
            return null;
        }

        byte[] der = new byte[Math.Max(0, Libcrypto.i2d_X509(certificate, null))];
        fixed (byte* start = der)
        {
            byte* position = start;
            _ = Libcrypto.i2d_X509(certificate, &position);
        }

        Libcrypto.X509_free(certificate);
        return der;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        Status = TlsSessionStatus.Failed;
        GC.SuppressFinalize(this);
    }

    // What libssl means by no bytes.
    private void Judge(int result)
    {
        switch (Libssl.SSL_get_error(_ssl, result))
        {
            case Libssl.SSL_ERROR_WANT_READ or Libssl.SSL_ERROR_WANT_WRITE:
                break;
            case Libssl.SSL_ERROR_ZERO_RETURN when Status == TlsSessionStatus.Open:
                Status = TlsSessionStatus.PeerEnded;
                break;
            default:
                Fail(ErrorQueue.Drain());
                break;
        }
    }

    private void Fail(string reason)
    {
        Status = TlsSessionStatus.Failed;
        Failure ??= reason;
    }

    private void Free()
    {
        if (_ssl != 0)
        {
            // Frees both BIOs too.
            Libssl.SSL_free(_ssl);
            _ssl = 0;
        }
    }
}

using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Ambient.Tls.Native;
using Ambient.Tls.Records;
using Ambient.Tls.Sessions;

namespace Ambient.Tls.Origination;

/// <summary>Our side of a connection to a server outside the mesh. Loop-affine.</summary>
/// <remarks>Nothing of the application leaves before the server's certificate is judged.</remarks>
public sealed unsafe class OriginationSession : ITlsSession
{
    /// <summary>In <see cref="Failure"/>: the certificate is good, and of somebody else.</summary>
    public const string WrongName = "verify SAN list";

    /// <summary>In <see cref="Failure"/>: the server did not want to.</summary>
    public const string RefusedByServer = "the server sent the alert";

    // A flight with a long chain fits many times over; a server that sends more is playing.
    private const int MaxHandshake = 256 * 1024;
    private const int MaxHostName = 255;

    private readonly OriginationContext _context;
    private readonly OriginationTarget _target;
    private readonly string _key;
    private nint _ssl;
    private nint _input;
    private nint _output;
    private int _handshakeBytes;
    private long _judgedAt;
    private bool _isJudged;
    private string? _verification;
    private bool _hasEnded;

    /// <summary>A connection that has not begun; <see cref="Advance"/> makes its first bytes.</summary>
    public OriginationSession(OriginationContext context, OriginationTarget target)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(target);
        _context = context;
        _target = target;
        _key = $"{target.Place}\n{target.ServerName}\n{target.Protocol}\n{target.Names.Key}";
        ErrorQueue.Clear();
        _ssl = context.NewSession();
        _input = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        _output = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        if (_ssl == 0 || _input == 0 || _output == 0)
        {
            _ = Libcrypto.BIO_free(_input);
            _ = Libcrypto.BIO_free(_output);
            (_input, _output) = (0, 0);
            Fail("no memory for a TLS connection");
            return;
        }

        Libssl.SSL_set_bio(_ssl, _input, _output);
        Libssl.SSL_set_connect_state(_ssl);
        if (!TryName(target.ServerName) || !TryOffer(target.Protocol))
        {
            Fail($"the server name '{target.ServerName}' or the protocol '{target.Protocol}' cannot be asked for");
            return;
        }

        _judgedAt = context.Sessions.Use(_key, _ssl) ?? 0;
    }

    /// <summary>Frees what a forgotten <see cref="Dispose"/> left.</summary>
    ~OriginationSession() => Free();

    /// <inheritdoc/>
    public TlsSessionStatus Status { get; private set; }

    /// <inheritdoc/>
    public string? Failure { get; private set; }

    /// <inheritdoc/>
    public int PendingInput => _input == 0 ? 0 : (int)Libcrypto.BIO_ctrl_pending(_input);

    /// <summary>Whether the handshake resumed an earlier session; once it is open.</summary>
    public bool IsResumed => _ssl != 0 && Libssl.SSL_session_reused(_ssl) == 1;

    /// <summary>The version that was agreed on, such as <c>TLSv1.3</c>.</summary>
    public string Version => _ssl == 0 ? "" : Marshal.PtrToStringUTF8((nint)Libssl.SSL_get_version(_ssl)) ?? "";

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Output
    {
        get
        {
            if (_output == 0)
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
        if (_output != 0)
        {
            _ = Libcrypto.BIO_ctrl(_output, Libcrypto.BIO_CTRL_RESET, 0, null);
        }
    }

    /// <inheritdoc/>
    public bool Feed(ReadOnlySpan<byte> bytes)
    {
        if (Status == TlsSessionStatus.Failed)
        {
            return false;
        }

        if (Status == TlsSessionStatus.Handshake && (_handshakeBytes += bytes.Length) > MaxHandshake)
        {
            Fail($"the server sent more than {MaxHandshake / 1024} KiB without completing the handshake");
            return false;
        }

        fixed (byte* data = bytes)
        {
            if (!bytes.IsEmpty && Libcrypto.BIO_write(_input, data, bytes.Length) != bytes.Length)
            {
                Fail("no memory for what the server sent");
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public TlsSessionStatus Advance()
    {
        if (Status != TlsSessionStatus.Handshake)
        {
            return Status;
        }

        OriginationCallbacks.Current = this;
        ErrorQueue.Clear();
        int result = Libssl.SSL_do_handshake(_ssl);
        OriginationCallbacks.Current = null;
        if (result == 1)
        {
            return Complete();
        }

        int error = Libssl.SSL_get_error(_ssl, result);
        if (error is not (Libssl.SSL_ERROR_WANT_READ or Libssl.SSL_ERROR_WANT_WRITE))
        {
            _context.Sessions.Forget(_key);
            FailWithReason();
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

        int count;
        ErrorQueue.Clear();
        fixed (byte* buffer = into)
        {
            count = Libssl.SSL_read(_ssl, buffer, into.Length);
        }

        if (count > 0)
        {
            return count;
        }

        switch (Libssl.SSL_get_error(_ssl, count))
        {
            case Libssl.SSL_ERROR_WANT_READ or Libssl.SSL_ERROR_WANT_WRITE:
                break;
            case Libssl.SSL_ERROR_ZERO_RETURN:
                Status = TlsSessionStatus.PeerEnded;
                break;
            default:
                FailWithReason();
                break;
        }

        return 0;
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
            int count;
            fixed (byte* data = bytes)
            {
                count = Libssl.SSL_write(_ssl, data, bytes.Length);
            }

            if (count <= 0)
            {
                // The memory behind it always takes what is written.
                FailWithReason();
                return false;
            }

            bytes = bytes[count..];
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

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ssl != 0 && Status is TlsSessionStatus.Open or TlsSessionStatus.PeerEnded && _judgedAt != 0)
        {
            _context.Sessions.Keep(_key, _ssl, _judgedAt);
        }

        Free();
        Status = TlsSessionStatus.Failed;
        GC.SuppressFinalize(this);
    }

    /// <summary>libssl's question: is this server believed?</summary>
    internal bool Judge(nint store)
    {
        if (_context.SkipsVerification)
        {
            return Believe();
        }

        if (Libcrypto.X509_verify_cert(store) != 1)
        {
            byte* reason = Libcrypto.X509_verify_cert_error_string(Libcrypto.X509_STORE_CTX_get_error(store));
            _verification = "CERTIFICATE_VERIFY_FAILED: " + (Marshal.PtrToStringUTF8((nint)reason) ?? "unknown");
            return false;
        }

        nint leaf = Libcrypto.X509_STORE_CTX_get0_cert(store);
        int length = Libcrypto.i2d_X509(leaf, null);
        if (length <= 0 || !IsNamed(leaf, length))
        {
            _verification = $"CERTIFICATE_VERIFY_FAILED: {WrongName}: the certificate has none of the names {_target.Names}";
            return false;
        }

        return Believe();
    }

    /// <summary>A bug in a callback: the handshake fails with its text instead of tearing the process down.</summary>
    internal void NoteFault(Exception defect) => _verification = $"internal error while a certificate was judged: {defect.GetType().Name}";

    private bool Believe()
    {
        _judgedAt = Environment.TickCount64;
        return _isJudged = true;
    }

    private bool IsNamed(nint leaf, int length)
    {
        byte[] der = new byte[length];
        fixed (byte* start = der)
        {
            byte* position = start;
            _ = Libcrypto.i2d_X509(leaf, &position);
        }

        return _target.Names.AreIn(der);
    }

    private bool TryName(string? name)
    {
        // Addresses are no server names (RFC 6066 section 3).
        if (string.IsNullOrEmpty(name) || IPAddress.TryParse(name.Trim('[', ']'), out _))
        {
            return true;
        }

        if (name.Length > MaxHostName || name.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return false;
        }

        fixed (byte* text = Encoding.ASCII.GetBytes(name + "\0"))
        {
            return Libssl.SSL_ctrl(_ssl, Libssl.SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, text) == 1;
        }
    }

    private bool TryOffer(string? protocol)
    {
        if (protocol is null)
        {
            return true;
        }

        byte[] list = [(byte)protocol.Length, .. Encoding.ASCII.GetBytes(protocol)];
        fixed (byte* start = list)
        {
            // Unlike its siblings this call returns 0 for success.
            return Libssl.SSL_set_alpn_protos(_ssl, start, (uint)list.Length) == 0;
        }
    }

    private TlsSessionStatus Complete()
    {
        // A session that was resumed is of a server that was judged then; every other one was judged now.
        if (_isJudged || (_judgedAt != 0 && IsResumed))
        {
            Status = TlsSessionStatus.Open;
        }
        else
        {
            Fail("the handshake was completed and no certificate was judged");
        }

        return Status;
    }

    private void FailWithReason()
    {
        string text = ErrorQueue.Drain(out byte alert);
        Fail(_verification ?? (alert != 0 ? $"{RefusedByServer} {TlsAlerts.Describe(alert)}" : text));
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
            if (Status != TlsSessionStatus.Failed)
            {
                // Without this libssl thinks badly of the session, which may have been kept.
                Libssl.SSL_set_shutdown(_ssl, Libssl.SSL_SENT_SHUTDOWN | Libssl.SSL_RECEIVED_SHUTDOWN);
            }

            // Frees both BIOs too.
            Libssl.SSL_free(_ssl);
            _ssl = 0;
        }

        (_input, _output) = (0, 0);
    }
}

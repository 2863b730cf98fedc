using System.Diagnostics;
using Ambient.Mesh.Connections;
using Ambient.Tls.Native;
using Ambient.Tls.Records;
using Ambient.Tls.Reference;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Handshakes;

/// <summary>
/// One TLS 1.3 handshake without I/O: bytes of the peer go in, bytes for the peer come out. Loop-affine: not thread-safe, but
/// it may move between threads as a whole.
/// </summary>
/// <remarks>NeedInput → Completed → the record layer is taken; NeedInput → Failed. Dispose is right in each of them.</remarks>
public sealed unsafe partial class Handshake : IDisposable
{
    // A whole flight with eight certificates fits many times over; a peer that sends more is playing.
    private const int MaxInput = 256 * 1024;
    private const int MaxBodyLength = RecordLayer.MaxRecord - RecordLayer.HeaderSize;

    private readonly TlsContext _context;
    private readonly PeerRequirement _requirement;
    private readonly bool _isClient;
    private TrafficSecrets _secrets;
    private VerificationFailure? _verification;
    private string? _fault;
    private byte[]? _tail;
    private nint _ssl;
    private nint _input;
    private nint _output;
    private int _outputSent;
    private int _inputTotal;
    private bool _started;
    private HandshakeStatus _status = HandshakeStatus.NeedInput;

    private Handshake(TlsContext context, PeerRequirement requirement, bool isClient)
    {
        _context = context;
        _requirement = requirement;
        _isClient = isClient;
        ErrorQueue.Clear();
        _ssl = context.NewSession();
        _input = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        _output = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        if (_ssl == 0 || _input == 0 || _output == 0)
        {
            Fail(CloseReason.TlsFailure, $"no TLS session can be made: {ErrorQueue.Drain()}");
            _ = Libcrypto.BIO_free(_input);
            _ = Libcrypto.BIO_free(_output);
            _input = 0;
            _output = 0;
            return;
        }

        Libssl.SSL_set_bio(_ssl, _input, _output);
        if (isClient)
        {
            Libssl.SSL_set_connect_state(_ssl);
        }
        else
        {
            Libssl.SSL_set_accept_state(_ssl);
        }
    }

    /// <summary>Frees what a forgotten <see cref="Dispose"/> left.</summary>
    ~Handshake() => Free();

    /// <summary>Bytes to send; valid until the next call on this object.</summary>
    public ReadOnlySpan<byte> Output
    {
        get
        {
            if (_tail is not null)
            {
                return _tail.AsSpan(_outputSent);
            }

            if (_output == 0)
            {
                return default;
            }

            byte* data;
            int length = (int)Libcrypto.BIO_ctrl(_output, Libcrypto.BIO_CTRL_INFO, 0, &data);
            return new ReadOnlySpan<byte>(data + _outputSent, length - _outputSent);
        }
    }

    /// <summary>Why the handshake failed.</summary>
    public TlsFailure? Failure { get; private set; }

    /// <summary>The verified peer; null before its certificate is verified.</summary>
    public PeerCertificate? Peer { get; private set; }

    /// <summary>The role of a client; <see cref="Output"/> has the ClientHello after the first <see cref="Advance"/> (with empty input).</summary>
    public static Handshake Client(TlsContext context, PeerRequirement peer) => new(context, peer, isClient: true);

    /// <summary>The role of a server.</summary>
    public static Handshake Server(TlsContext context, PeerRequirement peer) => new(context, peer, isClient: false);

    /// <summary>
    /// Goes as far as the input allows. Consumes whole records only, and none behind the handshake's end: what is left
    /// belongs to the record layer. Input that isn't consumed must be offered again, with more behind it.
    /// </summary>
    public HandshakeStatus Advance(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        if (_status != HandshakeStatus.NeedInput)
        {
            return _status;
        }

        if (!TryMeasure(input, out int whole))
        {
            return _status;
        }

        if (whole == 0 && (_started || !_isClient))
        {
            return HandshakeStatus.NeedInput;
        }

        if (whole > 0 && !TryFeed(input[..whole]))
        {
            return _status;
        }

        _started = true;
        int result = Drive();
        if (result == 1)
        {
            return Complete(input[..whole], out consumed);
        }

        consumed = whole;
        int error = Libssl.SSL_get_error(_ssl, result);
        if (error is Libssl.SSL_ERROR_WANT_READ or Libssl.SSL_ERROR_WANT_WRITE && _fault is null)
        {
            // What follows is still the handshake's, so it must be records too.
            TryMeasure(input[whole..], out _);
            return _status;
        }

        return FailWithLibraryReason();
    }

    /// <summary>Says that the first <paramref name="written"/> bytes of <see cref="Output"/> are sent.</summary>
    public void AdvanceOutput(int written)
    {
        Debug.Assert(written <= Output.Length, "More was sent than there is.");
        _outputSent += written;
        if (_tail is null && _output != 0 && Output.IsEmpty)
        {
            _ = Libcrypto.BIO_ctrl(_output, Libcrypto.BIO_CTRL_RESET, 0, null);
            _outputSent = 0;
        }
    }

    /// <summary>After completion, once: the layer for application records. <see cref="Output"/> stays valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="InvalidOperationException">The handshake isn't completed, or the layer was taken before.</exception>
    public RecordLayer TakeRecordLayer()
    {
        if (_status != HandshakeStatus.Completed || _ssl == 0)
        {
            throw new InvalidOperationException("The handshake is not completed, or its record layer was taken before.");
        }

        _tail = Output.ToArray();
        _outputSent = 0;
        _output = 0;
        nint ssl = _ssl;
        _ssl = 0;
        CipherSuite suite = CurrentSuite(ssl);
        if (_context.Settings.ReferenceRecords)
        {
            nint input = _input;
            _input = 0;
            return new ReferenceRecordLayer(ssl, suite, input);
        }

        Libssl.SSL_free(ssl);
        _input = 0;
        using var state = new TrafficState
        {
            CipherSuite = suite,
            IsClient = _isClient,
            WriteSecret = (_isClient ? _secrets.Client : _secrets.Server).ToArray(),
            ReadSecret = (_isClient ? _secrets.Server : _secrets.Client).ToArray(),
        };
        _secrets.Wipe();
        return new EvpRecordLayer(state);
    }

    /// <summary>Frees everything but a record layer that was taken.</summary>
    public void Dispose()
    {
        Free();
        _tail = null;
        GC.SuppressFinalize(this);
    }

    private static CipherSuite CurrentSuite(nint ssl) => (CipherSuite)Libssl.SSL_CIPHER_get_protocol_id(Libssl.SSL_get_current_cipher(ssl));

    private int Drive()
    {
        HandshakeCallbacks.Current = this;
        ErrorQueue.Clear();
        int result = Libssl.SSL_do_handshake(_ssl);
        HandshakeCallbacks.Current = null;
        return result;
    }

    private HandshakeStatus Complete(ReadOnlySpan<byte> fed, out int consumed)
    {
        // libssl reads record by record (read-ahead is off), so what it left is what follows the handshake.
        int left = (int)Libcrypto.BIO_ctrl_pending(_input);
        consumed = fed.Length - left;
        if (left != 0)
        {
            _ = Libcrypto.BIO_ctrl(_input, Libcrypto.BIO_CTRL_RESET, 0, null);
        }

        if (!IsBoundary(fed, consumed))
        {
            return Fail(CloseReason.TlsFailure, "the TLS library read beyond the handshake's last record");
        }

        if (Peer is null || _fault is not null || (!_context.Settings.ReferenceRecords && !_secrets.AreComplete(CurrentSuite(_ssl))))
        {
            return Fail(CloseReason.TlsFailure, _fault ?? "the TLS library completed the handshake without certificate or secrets");
        }

        return _status = HandshakeStatus.Completed;
    }

    private void Free()
    {
        if (_ssl != 0)
        {
            // Frees both BIOs too.
            Libssl.SSL_free(_ssl);
            _ssl = 0;
        }

        _input = 0;
        _output = 0;
        _secrets.Wipe();
    }
}

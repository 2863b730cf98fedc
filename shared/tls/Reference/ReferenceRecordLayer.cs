using Ambient.Tls.Native;
using Ambient.Tls.Records;

namespace Ambient.Tls.Reference;

/// <summary>
/// The same interface over SSL_read and SSL_write with memory BIOs: the reference for tests, and the fallback. Loop-affine.
/// Costs one more copy each way; the connection keeps its SSL object.
/// </summary>
internal sealed unsafe class ReferenceRecordLayer : RecordLayer
{
    private const int MaxBarren = 32;

    private nint _ssl;
    private nint _input;
    private readonly nint _output;
    private int _barren;
    private bool _peerClosed;
    private bool _writeClosed;
    private bool _failed;

    internal ReferenceRecordLayer(nint ssl, CipherSuite suite, nint input)
    {
        // The handshake's output BIO holds bytes that the handshake hands out itself: records get a fresh one.
        _ssl = ssl;
        _input = input;
        _output = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        Libssl.SSL_set0_wbio(ssl, _output);
        CipherSuite = suite;
    }

    /// <summary>Frees what a forgotten <see cref="IDisposable.Dispose"/> left.</summary>
    ~ReferenceRecordLayer() => Dispose(false);

    /// <inheritdoc/>
    public override CipherSuite CipherSuite { get; }

    /// <inheritdoc/>
    public override bool HasPendingControl => _ssl != 0 && Libcrypto.BIO_ctrl_pending(_output) != 0;

    /// <inheritdoc/>
    public override int Seal(byte* record, int plaintextLength)
    {
        // A control record in front would not fit where the caller wants this one.
        if (_writeClosed || HasPendingControl || plaintextLength is < 1 or > MaxPlaintext)
        {
            return -1;
        }

        Libcrypto.ERR_clear_error();
        if (Libssl.SSL_write(_ssl, record + HeaderSize, plaintextLength) != plaintextLength)
        {
            return FailWriting();
        }

        int expected = HeaderSize + plaintextLength + TrailerSize;
        return Libcrypto.BIO_read(_output, record, expected) == expected && !HasPendingControl ? expected : FailWriting();
    }

    /// <inheritdoc/>
    public override OpenResult Open(byte* record, int recordLength)
    {
        if (_failed)
        {
            return OpenResult.Failed(RecordFailure.Closed);
        }

        if (_peerClosed)
        {
            return OpenResult.PeerClosed;
        }

        if (recordLength < HeaderSize || recordLength != HeaderSize + ((record[3] << 8) | record[4]))
        {
            return Fail(RecordFailure.BadLength);
        }

        Libcrypto.ERR_clear_error();
        if (Libcrypto.BIO_write(_input, record, recordLength) != recordLength)
        {
            return Fail(RecordFailure.Library);
        }

        int length = Libssl.SSL_read(_ssl, record + HeaderSize, recordLength - HeaderSize);
        if (length > 0)
        {
            _barren = 0;
            return OpenResult.Data(HeaderSize, length);
        }

        return OpenNothing(Libssl.SSL_get_error(_ssl, length));
    }

    /// <inheritdoc/>
    public override int PendingControl(byte* buffer, int capacity)
    {
        if (!HasPendingControl)
        {
            return 0;
        }

        return Math.Max(Libcrypto.BIO_read(_output, buffer, capacity), 0);
    }

    /// <inheritdoc/>
    public override int CloseNotify(byte* buffer, int capacity)
    {
        if (_writeClosed)
        {
            return 0;
        }

        _writeClosed = true;
        Libcrypto.ERR_clear_error();
        _ = Libssl.SSL_shutdown(_ssl);
        Libcrypto.ERR_clear_error();
        return PendingControl(buffer, capacity);
    }

    /// <summary>Asks for a KeyUpdate, for tests of the peer's side.</summary>
    internal bool RequestKeyUpdate(bool ofPeerToo) =>
        Libssl.SSL_key_update(_ssl, ofPeerToo ? 1 : 0) == 1 && Libssl.SSL_do_handshake(_ssl) == 1;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _failed = true;
        _writeClosed = true;
        if (_ssl != 0)
        {
            Libssl.SSL_free(_ssl);
            _ssl = 0;
            _input = 0;
        }
    }

    private OpenResult OpenNothing(int error)
    {
        switch (error)
        {
            case Libssl.SSL_ERROR_WANT_READ:
                if (++_barren > MaxBarren)
                {
                    return Fail(RecordFailure.TooManyEmpty);
                }

                // A requested KeyUpdate is written now, so that it lies before what is sealed next.
                if (Libssl.SSL_get_key_update_type(_ssl) != Libssl.SSL_KEY_UPDATE_NONE)
                {
                    _ = Libssl.SSL_do_handshake(_ssl);
                }

                return OpenResult.Nothing;
            case Libssl.SSL_ERROR_ZERO_RETURN:
                _peerClosed = true;
                return OpenResult.PeerClosed;
            default:
                _ = ErrorQueue.Drain(out byte alert);
                PeerAlert = alert;
                return Fail(alert != 0 ? RecordFailure.PeerAlert : RecordFailure.Library);
        }
    }

    private OpenResult Fail(RecordFailure failure)
    {
        _failed = true;
        _writeClosed = true;
        Libcrypto.ERR_clear_error();
        return OpenResult.Failed(failure);
    }

    private int FailWriting()
    {
        _writeClosed = true;
        Libcrypto.ERR_clear_error();
        return -1;
    }
}

using Ambient.Tls.Native;

namespace Ambient.Tls.Records;

/// <summary>The own record layer: EVP ciphers in place, nothing allocated per record. Loop-affine.</summary>
/// <remarks>
/// Reading: Open → PeerClosed (close_notify) or Failed, both final. Writing: Open → Closed (our close_notify) or Failed.
/// A failure on reading leaves one fatal alert for <see cref="PendingControl"/> and ends writing.
/// </remarks>
internal sealed unsafe class EvpRecordLayer : RecordLayer
{
    private const byte ChangeCipherSpecType = 20;
    private const byte AlertType = 21;
    private const byte HandshakeType = 22;
    private const byte ApplicationDataType = 23;
    private const byte FatalLevel = 2;
    private const byte WarningLevel = 1;
    private const int TagSize = 16;
    private const int MaxBarren = 32;

    private readonly bool _isClient;
    private readonly KeyLimits _limits;
    private TrafficKey _write;
    private TrafficKey _read;
    private PostHandshakeReader _messages;
    private int _barren;
    private byte _pendingAlert;
    private bool _updateDue;
    private bool _peerClosed;
    private bool _writeClosed;
    private bool _failed;
    private bool _disposed;

    internal EvpRecordLayer(TrafficState state, KeyLimits? limits = null)
    {
        OpenSslLibrary.EnsureLoaded();
        CipherSuite = state.CipherSuite;
        _isClient = state.IsClient;
        _limits = limits ?? KeyLimits.Of(state.CipherSuite);
        _write = new TrafficKey(state.CipherSuite, state.WriteSecret, state.WriteSequence, encrypt: true);
        _read = new TrafficKey(state.CipherSuite, state.ReadSecret, state.ReadSequence, encrypt: false);
        _updateDue = state.KeyUpdateDue;
        _peerClosed = state.PeerClosed;
        _writeClosed = state.LocalClosed;
        _messages = PostHandshakeReader.At(state.MessageHeader, state.MessageHeaderBytes, state.MessageRemaining);
    }

    /// <summary>Frees what a forgotten <see cref="IDisposable.Dispose"/> left.</summary>
    ~EvpRecordLayer() => Dispose(false);

    /// <inheritdoc/>
    public override CipherSuite CipherSuite { get; }

    /// <inheritdoc/>
    public override bool HasPendingControl => (_updateDue && !_writeClosed) || _pendingAlert != 0;

    /// <inheritdoc/>
    public override int Seal(byte* record, int plaintextLength)
    {
        if (_writeClosed || plaintextLength is < 1 or > MaxPlaintext || _write.Sequence >= _limits.RefuseAfter)
        {
            return -1;
        }

        if (_write.Sequence >= _limits.UpdateAfter)
        {
            _updateDue = true;
        }

        return SealAs(record, plaintextLength, ApplicationDataType);
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

        if (CheckHeader(record, recordLength) is var failure && failure != RecordFailure.None)
        {
            return Fail(failure);
        }

        int length = recordLength - HeaderSize - TagSize;
        if (!_read.Decrypt(record, length))
        {
            return Fail(RecordFailure.BadMac);
        }

        // TLSInnerPlaintext: content, its type, and zeros (RFC 8446 section 5.4); never more than 2^14 + 1 bytes.
        if (length > MaxPlaintext + 1)
        {
            return Fail(RecordFailure.Overflow);
        }

        int end = new ReadOnlySpan<byte>(record + HeaderSize, length).LastIndexOfAnyExcept((byte)0);
        if (end < 0)
        {
            return Fail(RecordFailure.UnexpectedMessage);
        }

        byte type = record[HeaderSize + end];
        if (type == ApplicationDataType && end > 0 && !_messages.InMessage)
        {
            _barren = 0;
            return OpenResult.Data(HeaderSize, end);
        }

        return OpenOther(type, new ReadOnlySpan<byte>(record + HeaderSize, end));
    }

    /// <inheritdoc/>
    public override int PendingControl(byte* buffer, int capacity)
    {
        if (_pendingAlert != 0)
        {
            byte alert = _pendingAlert;
            _pendingAlert = 0;
            _updateDue = false;
            return SealAlert(buffer, capacity, FatalLevel, alert);
        }

        const int length = 5;
        if (!_updateDue || _writeClosed || capacity < HeaderSize + length + TrailerSize)
        {
            return 0;
        }

        // KeyUpdate, update_not_requested: the peer's own keys are its own business.
        new ReadOnlySpan<byte>([24, 0, 0, 1, 0]).CopyTo(new Span<byte>(buffer + HeaderSize, length));
        int written = SealAs(buffer, length, HandshakeType);
        if (written > 0)
        {
            _updateDue = false;
            _write.Update();
        }

        return Math.Max(written, 0);
    }

    /// <inheritdoc/>
    public override int CloseNotify(byte* buffer, int capacity)
    {
        if (_writeClosed)
        {
            return 0;
        }

        int written = SealAlert(buffer, capacity, WarningLevel, 0);
        _writeClosed = written > 0;
        return written;
    }

    /// <inheritdoc/>
    public override void ReleaseIdleMemory()
    {
        _write.FreeContext();
        _read.FreeContext();
    }

    /// <inheritdoc/>
    public override TrafficState Export()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var (header, headerBytes, remaining) = _messages.Position;
        return new TrafficState
        {
            CipherSuite = CipherSuite,
            IsClient = _isClient,
            WriteSecret = _write.CopySecret(),
            ReadSecret = _read.CopySecret(),
            WriteSequence = _write.Sequence,
            ReadSequence = _read.Sequence,
            KeyUpdateDue = _updateDue,
            PeerClosed = _peerClosed || _failed,
            LocalClosed = _writeClosed,
            MessageHeader = header,
            MessageHeaderBytes = headerBytes,
            MessageRemaining = remaining,
        };
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        _failed = true;
        _writeClosed = true;
        _pendingAlert = 0;
        _write.Dispose();
        _read.Dispose();
    }

    private static RecordFailure CheckHeader(byte* record, int recordLength)
    {
        if (recordLength < HeaderSize || recordLength != HeaderSize + ((record[3] << 8) | record[4]))
        {
            return RecordFailure.BadLength;
        }

        if (recordLength > MaxRecord)
        {
            return RecordFailure.Overflow;
        }

        // Nothing travels unprotected after the handshake, change_cipher_spec included (RFC 8446 section 5).
        if (record[0] != ApplicationDataType)
        {
            return RecordFailure.UnexpectedType;
        }

        return recordLength < HeaderSize + TrailerSize ? RecordFailure.BadLength : RecordFailure.None;
    }

    private OpenResult OpenOther(byte type, ReadOnlySpan<byte> content)
    {
        if (type != HandshakeType && _messages.InMessage)
        {
            return Fail(RecordFailure.UnexpectedMessage);
        }

        // Records that carry nothing cost us work and the peer almost none, so a row of them ends the connection.
        if (++_barren > MaxBarren)
        {
            return Fail(RecordFailure.TooManyEmpty);
        }

        return type switch
        {
            ApplicationDataType => OpenResult.Nothing,
            HandshakeType => OpenHandshake(content),
            AlertType => OpenAlert(content),
            ChangeCipherSpecType => Fail(RecordFailure.UnexpectedMessage),
            _ => Fail(RecordFailure.UnexpectedType),
        };
    }

    private OpenResult OpenHandshake(ReadOnlySpan<byte> content)
    {
        switch (_messages.Read(content, _isClient))
        {
            case PostHandshakeReader.Result.Nothing:
                return OpenResult.Nothing;
            case PostHandshakeReader.Result.UpdateRequested:
                _updateDue = true;
                _read.Update();
                return OpenResult.Nothing;
            case PostHandshakeReader.Result.Update:
                _read.Update();
                return OpenResult.Nothing;
            case PostHandshakeReader.Result.Malformed:
                return Fail(RecordFailure.Malformed);
            default:
                return Fail(RecordFailure.UnexpectedMessage);
        }
    }

    private OpenResult OpenAlert(ReadOnlySpan<byte> content)
    {
        const byte closeNotify = 0;
        const byte userCanceled = 90;
        if (content.Length != 2)
        {
            return Fail(RecordFailure.Malformed);
        }

        switch (content[1])
        {
            case closeNotify:
                _peerClosed = true;
                return OpenResult.PeerClosed;
            case userCanceled:
                return OpenResult.Nothing;
            default:
                // The level is ignored: in TLS 1.3 every other alert is an error (RFC 8446 section 6). No alert answers it.
                PeerAlert = content[1];
                _failed = true;
                _writeClosed = true;
                return OpenResult.Failed(RecordFailure.PeerAlert);
        }
    }

    private OpenResult Fail(RecordFailure failure)
    {
        _failed = true;
        if (!_writeClosed)
        {
            _pendingAlert = RecordFailures.Alert(failure);
        }

        _writeClosed = true;
        return OpenResult.Failed(failure);
    }

    private int SealAlert(byte* buffer, int capacity, byte level, byte description)
    {
        const int length = 2;
        if (capacity < HeaderSize + length + TrailerSize)
        {
            return 0;
        }

        buffer[HeaderSize] = level;
        buffer[HeaderSize + 1] = description;
        return Math.Max(SealAs(buffer, length, AlertType), 0);
    }

    private int SealAs(byte* record, int length, byte type)
    {
        int inner = length + 1;
        int body = inner + TagSize;
        record[0] = ApplicationDataType;
        record[1] = 3;
        record[2] = 3;
        record[3] = (byte)(body >> 8);
        record[4] = (byte)body;
        record[HeaderSize + length] = type;
        if (!_write.Encrypt(record, inner))
        {
            _writeClosed = true;
            return -1;
        }

        return HeaderSize + body;
    }
}

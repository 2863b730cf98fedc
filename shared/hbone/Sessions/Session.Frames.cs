using System.Buffers;
using System.Buffers.Binary;
using Ambient.Hbone.Frames;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <content>The frame parser and every frame but header blocks (RFC 9113 sections 4 and 6).</content>
public sealed unsafe partial class Session
{
    /// <summary>The largest control frame we gather; a larger one has no honest use here.</summary>
    private const int MaxControlFrame = 128 * 1024;

    private readonly byte[] _headerBytes = new byte[FrameHeader.Size];
    private int _headerLength;
    private int _prefaceLeft;
    private FrameHeader _frame;
    private int _left;
    private int _padding;
    private bool _paddingKnown;
    private bool _inFrame;
    private bool _skipping;
    private TunnelStream? _dataStream;
    private byte[]? _control;
    private int _controlLength;
    private int _receiveWindow;
    private int _connectionUncredited;
    private TunnelStream? _pieceStream;
    private int _pieceCount;
    private int _pieceBytes;

    /// <summary>Bytes that an application has taken: credit for the connection.</summary>
    internal void Consumed(int bytes)
    {
        _connectionUncredited += bytes;
        _budget.Earn(bytes);
        if (_connectionUncredited >= _settings.ConnectionWindow / 2)
        {
            CreditConnection();
        }
    }

    private void CreditConnection()
    {
        if (_connectionUncredited >= _settings.ConnectionWindow / 4 && Phase != SessionPhase.Closed)
        {
            _receiveWindow += _connectionUncredited;
            SendWindowUpdate(0, _connectionUncredited);
            _connectionUncredited = 0;
        }
    }

    private void Frames(byte* bytes, int count)
    {
        _activeSincePing = true;
        while (count > 0 && IsOpen)
        {
            int used = _prefaceLeft > 0 ? TakePreface(bytes, count) : !_inFrame ? TakeHeader(bytes, count) : TakePayload(bytes, count);
            bytes += used;
            count -= used;
        }
    }

    private int TakePreface(byte* bytes, int count)
    {
        int length = Math.Min(count, _prefaceLeft);
        if (!new ReadOnlySpan<byte>(bytes, length).SequenceEqual(Preface.Slice(Preface.Length - _prefaceLeft, length)))
        {
            Violation(Http2Error.ProtocolError, "the connection preface is wrong");
        }

        _prefaceLeft -= length;
        return length;
    }

    private int TakeHeader(byte* bytes, int count)
    {
        int length = Math.Min(FrameHeader.Size - _headerLength, count);
        if (length == FrameHeader.Size)
        {
            BeginFrame(FrameHeader.Read(new ReadOnlySpan<byte>(bytes, FrameHeader.Size)));
            return length;
        }

        new ReadOnlySpan<byte>(bytes, length).CopyTo(_headerBytes.AsSpan(_headerLength));
        _headerLength += length;
        if (_headerLength == FrameHeader.Size)
        {
            _headerLength = 0;
            BeginFrame(FrameHeader.Read(_headerBytes));
        }

        return length;
    }

    private void BeginFrame(FrameHeader frame)
    {
        _frame = frame;
        _left = frame.Length;
        _inFrame = true;
        _skipping = false;
        if (frame.Length > _settings.FrameSize)
        {
            Violation(Http2Error.FrameSizeError, "a frame is larger than our SETTINGS_MAX_FRAME_SIZE");
        }
        else if (!_settingsSeen && (frame.Type != FrameType.Settings || frame.Has(FrameFlags.Ack)))
        {
            Violation(Http2Error.ProtocolError, "the first frame is not SETTINGS");
        }
        else if (_blockStream != 0 && (frame.Type != FrameType.Continuation || frame.StreamId != _blockStream))
        {
            Violation(Http2Error.ProtocolError, "a header block was interrupted by another frame");
        }
        else if (frame.Type == FrameType.Data)
        {
            BeginData();
        }
        else if (frame.Type > FrameType.Continuation)
        {
            _skipping = true;
            Spend(AbuseBudget.Noise + (frame.Length / 1024));
            EndFrameIfEmpty();
        }
        else if (frame.Length > MaxControlFrame)
        {
            Violation(Http2Error.EnhanceYourCalm, "a control frame is absurdly large");
        }
        else if (frame.Length == 0)
        {
            _inFrame = false;
            FlushPieces();
            Control([]);
        }
    }

    private int TakePayload(byte* bytes, int count)
    {
        int length = Math.Min(_left, count);
        if (_frame.Type == FrameType.Data)
        {
            return TakeData(bytes, length);
        }

        _left -= length;
        if (_skipping)
        {
            EndFrameIfEmpty();
            return length;
        }

        if (_control is null && _left == 0)
        {
            _inFrame = false;
            FlushPieces();
            Control(new ReadOnlySpan<byte>(bytes, length));
            return length;
        }

        _control ??= ArrayPool<byte>.Shared.Rent(_frame.Length);
        new ReadOnlySpan<byte>(bytes, length).CopyTo(_control.AsSpan(_controlLength));
        _controlLength += length;
        if (_left == 0)
        {
            _inFrame = false;
            FlushPieces();
            Control(_control.AsSpan(0, _controlLength));
            FreeControl();
        }

        return length;
    }

    private void FreeControl()
    {
        if (_control is not null)
        {
            ArrayPool<byte>.Shared.Return(_control);
            _control = null;
        }

        _controlLength = 0;
    }

    private void EndFrameIfEmpty()
    {
        if (_left == 0)
        {
            _inFrame = false;
        }
    }

    // DATA (section 6.1): flow control counts the whole payload, padding included.
    private void BeginData()
    {
        int length = _frame.Length;
        _dataStream = null;
        _padding = 0;
        _paddingKnown = !_frame.Has(FrameFlags.Padded);
        if (length == 0 && !_paddingKnown)
        {
            Violation(Http2Error.FrameSizeError, "a padded DATA frame has no room for its padding's length");
            return;
        }

        _receiveWindow -= length;
        if (_receiveWindow < 0)
        {
            Violation(Http2Error.FlowControlError, "the peer sent more than the connection's window");
            return;
        }

        if (!_streams.TryGetValue(_frame.StreamId, out TunnelStream? stream))
        {
            if (IsIdle(_frame.StreamId))
            {
                Violation(Http2Error.ProtocolError, "DATA on an idle stream");
                return;
            }

            // Of a stream that is gone: its bytes are dropped, but the connection's window gets them back.
            Spend(AbuseBudget.Noise);
        }
        else if (stream.RemoteEnded)
        {
            Refuse(stream, Http2Error.StreamClosed, "DATA behind END_STREAM");
        }
        else if (_isClient && !stream.IsOpened)
        {
            Refuse(stream, Http2Error.ProtocolError, "DATA in front of the response");
        }
        else if (stream.ReceiveWindow < length)
        {
            Refuse(stream, Http2Error.FlowControlError, "the peer sent more than the stream's window");
        }
        else
        {
            stream.ReceiveWindow -= length;
            _dataStream = stream;
        }

        if (length == 0)
        {
            if (!_frame.Has(FrameFlags.EndStream))
            {
                Spend(AbuseBudget.EmptyData);
            }

            EndData();
        }
    }

    private int TakeData(byte* bytes, int length)
    {
        if (!_paddingKnown)
        {
            _padding = bytes[0];
            _paddingKnown = true;
            _left--;
            SkipPadding(1);
            if (_padding > _left)
            {
                Violation(Http2Error.ProtocolError, "the padding is longer than the frame");
            }
            else if (_left == 0)
            {
                EndData();
            }

            return 1;
        }

        int data = Math.Min(length, _left - _padding);
        if (data > 0)
        {
            if (_dataStream is { IsClosed: false } stream)
            {
                AddPiece(stream, bytes, data);
            }
            else
            {
                Consumed(data);
            }
        }

        int padding = length - Math.Max(data, 0);
        _padding -= padding;
        _left -= length;
        SkipPadding(padding);
        if (_left == 0)
        {
            EndData();
        }

        return length;
    }

    private void SkipPadding(int bytes)
    {
        if (bytes > 0)
        {
            Consumed(bytes);
            if (_dataStream is { IsClosed: false } stream)
            {
                stream.SkipPadding(bytes);
            }
        }
    }

    private void EndData()
    {
        _inFrame = false;
        if (Phase == SessionPhase.Closed || _dataStream is not { } stream)
        {
            return;
        }

        _dataStream = null;
        if (_frame.Has(FrameFlags.EndStream) && !stream.IsClosed)
        {
            FlushPieces();
            if (!stream.IsClosed)
            {
                stream.EndRemote();
            }
        }
    }

    private void AddPiece(TunnelStream stream, byte* bytes, int length)
    {
        IoVector[] pieces = LoopScratch.Current.Pieces;
        if (_pieceStream != stream || _pieceCount == pieces.Length)
        {
            FlushPieces();
            _pieceStream = stream;
        }

        pieces[_pieceCount++] = new IoVector(bytes, length);
        _pieceBytes += length;
    }

    private void FlushPieces()
    {
        if (_pieceCount == 0)
        {
            return;
        }

        TunnelStream stream = _pieceStream!;
        int count = _pieceCount;
        int bytes = _pieceBytes;
        (_pieceStream, _pieceCount, _pieceBytes) = (null, 0, 0);
        if (stream.IsClosed)
        {
            Consumed(bytes);
        }
        else
        {
            stream.Deliver(LoopScratch.Current.Pieces.AsSpan(0, count), bytes);
        }
    }

    private void Control(ReadOnlySpan<byte> payload)
    {
        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        switch (_frame.Type)
        {
            case FrameType.Headers:
                OnHeaders(payload);
                break;
            case FrameType.Continuation:
                OnContinuation(payload);
                break;
            case FrameType.Priority:
                OnPriority(payload);
                break;
            case FrameType.RstStream:
                OnReset(payload);
                break;
            case FrameType.Settings:
                OnSettings(payload);
                break;
            case FrameType.Ping:
                OnPing(payload);
                break;
            case FrameType.GoAway:
                OnGoAway(payload);
                break;
            case FrameType.WindowUpdate:
                OnWindowUpdate(payload);
                break;
            default:
                Violation(Http2Error.ProtocolError, "PUSH_PROMISE is not allowed here");
                break;
        }
    }

    private void OnPriority(ReadOnlySpan<byte> payload)
    {
        if (_frame.StreamId == 0 || payload.Length != 5)
        {
            Violation(payload.Length != 5 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed PRIORITY frame");
        }
        else
        {
            Spend(AbuseBudget.Noise);
        }
    }

    private void OnReset(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 4 || _frame.StreamId == 0 || IsIdle(_frame.StreamId))
        {
            Violation(payload.Length != 4 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed RST_STREAM, or one on an idle stream");
            return;
        }

        Http2Error code = (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload);
        if (!_streams.TryGetValue(_frame.StreamId, out TunnelStream? stream))
        {
            Spend(AbuseBudget.Noise);
            return;
        }

        if (Spend(stream.IsOpened || _isClient ? AbuseBudget.Reset : AbuseBudget.EarlyReset))
        {
            Finish(stream, null);
            stream.End(new StreamClosure(CloseReason.PeerReset, code, true, 0, $"stream reset by the peer: {code}"), isError: code != Http2Error.NoError);
        }
    }

    private void OnPing(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 8 || _frame.StreamId != 0)
        {
            Violation(payload.Length != 8 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed PING frame");
            return;
        }

        ulong value = BinaryPrimitives.ReadUInt64BigEndian(payload);
        if (_frame.Has(FrameFlags.Ack))
        {
            OnPingAnswered(value);
        }
        else if (Spend(AbuseBudget.Ping))
        {
            SendPing(value, ack: true);
        }
    }

    private void OnGoAway(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 8 || _frame.StreamId != 0)
        {
            Violation(payload.Length < 8 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed GOAWAY frame");
            return;
        }

        int last = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff);
        Http2Error code = (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        _goAwayLastId = Math.Min(_goAwayLastId, last);
        if (Phase == SessionPhase.Open)
        {
            Phase = SessionPhase.Draining;
            Owner.OnClosing(this);
        }

        if (_isClient)
        {
            foreach (TunnelStream stream in _streams.Values.Where(s => s.Id > _goAwayLastId).ToArray())
            {
                Finish(stream, null);
                stream.Close(new StreamClosure(CloseReason.Http2Failure, Http2Error.RefusedStream, true, 0, $"the peer went away: {code}"));
            }
        }

        CloseIfDrained();
    }

    private void OnWindowUpdate(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 4)
        {
            Violation(Http2Error.FrameSizeError, "a malformed WINDOW_UPDATE frame");
            return;
        }

        int increment = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff);
        int id = _frame.StreamId;
        if (increment < 1024 && !Spend(AbuseBudget.Noise))
        {
            return;
        }

        if (id == 0)
        {
            if (increment == 0 || _sendWindow > int.MaxValue - increment)
            {
                Violation(increment == 0 ? Http2Error.ProtocolError : Http2Error.FlowControlError, "the connection's window grows by nothing or beyond 2^31-1");
                return;
            }

            _sendWindow += increment;
            Wake(_waitingForWindow);
        }
        else if (_streams.TryGetValue(id, out TunnelStream? stream))
        {
            if (increment == 0 || (stream.SendWindow > 0 && stream.SendWindow > int.MaxValue - increment))
            {
                Refuse(stream, increment == 0 ? Http2Error.ProtocolError : Http2Error.FlowControlError, "the stream's window grows by nothing or beyond 2^31-1");
                return;
            }

            stream.SendWindow += increment;
            Loop.RunLater(stream);
        }
        else if (IsIdle(id))
        {
            Violation(Http2Error.ProtocolError, "WINDOW_UPDATE on an idle stream");
        }
    }

    private void OnSettings(ReadOnlySpan<byte> payload)
    {
        if (_frame.StreamId != 0 || payload.Length % 6 != 0 || (_frame.Has(FrameFlags.Ack) && payload.Length != 0))
        {
            Violation(_frame.StreamId != 0 ? Http2Error.ProtocolError : Http2Error.FrameSizeError, "a malformed SETTINGS frame");
            return;
        }

        if (_frame.Has(FrameFlags.Ack))
        {
            OnSettingsAcknowledged();
            return;
        }

        if (_settingsSeen && !Spend(AbuseBudget.Settings + (payload.Length / 6)))
        {
            return;
        }

        for (; payload.Length >= 6 && Phase != SessionPhase.Closed; payload = payload[6..])
        {
            Apply((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
        }

        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        if (!_settingsSeen)
        {
            _settingsSeen = true;
            Schedule(_settings.PingInterval);
        }

        WriteFrame(0, FrameType.Settings, FrameFlags.Ack, 0);
    }

    // We send our settings once, so one acknowledgement has a meaning.
    private void OnSettingsAcknowledged()
    {
        if (_settingsAcknowledged)
        {
            Spend(AbuseBudget.Noise);
        }
        else
        {
            _settingsAcknowledged = true;
            _decoder.OnTableSizeAcknowledged();
        }
    }

    private void Apply(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.InitialWindowSize when value > int.MaxValue:
                Violation(Http2Error.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31-1");
                break;
            case SettingId.InitialWindowSize:
                ChangeInitialWindow((int)value);
                break;
            case SettingId.MaxFrameSize when value is < 16384 or > 16777215:
                Violation(Http2Error.ProtocolError, "SETTINGS_MAX_FRAME_SIZE out of range");
                break;
            case SettingId.MaxConcurrentStreams:
                _peerMaxStreams = (int)Math.Min(value, int.MaxValue);
                break;
            case SettingId.EnablePush when value > 1 || (_isClient && value == 1):
                Violation(Http2Error.ProtocolError, "SETTINGS_ENABLE_PUSH out of range");
                break;
        }
    }

    private void ChangeInitialWindow(int value)
    {
        long change = (long)value - _peerInitialWindow;
        _peerInitialWindow = value;
        foreach (TunnelStream stream in _streams.Values)
        {
            long window = stream.SendWindow + change;
            if (window > int.MaxValue)
            {
                Violation(Http2Error.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE makes a window overflow");
                return;
            }

            stream.SendWindow = (int)window;
            if (change > 0)
            {
                Loop.RunLater(stream);
            }
        }
    }

    private bool IsIdle(int streamId) =>
        streamId == 0 || (_isClient ? (streamId & 1) == 0 || streamId >= _nextStreamId : (streamId & 1) == 0 || streamId > _lastPeerStreamId);

    /// <summary>A stream error that the peer provoked: reset it, and charge for it.</summary>
    private void Refuse(TunnelStream stream, Http2Error code, string what)
    {
        if (Spend(AbuseBudget.ForcedReset))
        {
            stream.Reset(code, CloseReason.ProtocolError, what);
        }
    }

    /// <summary>A connection error (section 5.4.1).</summary>
    private void Violation(Http2Error code, string what) => Abort(CloseReason.ProtocolError, "protocol violation: " + what, code);
}

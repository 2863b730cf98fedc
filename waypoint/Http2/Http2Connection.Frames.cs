using System.Buffers;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;

namespace Ambient.Waypoint.Http2;

/// <content>The frame parser (RFC 9113 section 4), and DATA (section 6.1).</content>
internal abstract partial class Http2Connection
{
    private readonly byte[] _headerBytes = new byte[FrameHeader.Size];
    private int _headerLength;
    private int _prefaceLeft;
    private FrameHeader _frame;
    private int _left;
    private bool _inFrame;
    private bool _settingsSeen;
    private byte[]? _control;
    private int _controlLength;
    private Http2Stream? _dataStream;
    private int _padding;
    private bool _isPaddingKnown;
    private int _receiveWindow = Http2Limits.ConnectionWindow;
    private int _uncredited;

    /// <summary>The first bytes of a client.</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Frames that the peer has begun.</summary>
    public long FramesRead { get; private set; }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        while (used < bytes.Length && !_isOver)
        {
            // Whoever does not read our answers is not read either; a server must always be, it may hold windows back.
            if (!_isClient && !_inFrame && Pipe.IsBeyond(Http2Limits.MaxUnsent))
            {
                return used;
            }

            used += _prefaceLeft > 0 ? TakePreface(bytes[used..]) : _inFrame ? TakePayload(bytes[used..]) : TakeHeader(bytes[used..]);
        }

        return bytes.Length;
    }

    private int TakePreface(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(bytes.Length, _prefaceLeft);
        if (!bytes[..length].SequenceEqual(Preface.Slice(Preface.Length - _prefaceLeft, length)))
        {
            Violation(Http2Error.ProtocolError, "the connection preface is wrong");
        }

        _prefaceLeft -= length;
        return length;
    }

    private int TakeHeader(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(FrameHeader.Size - _headerLength, bytes.Length);
        if (length == FrameHeader.Size)
        {
            BeginFrame(FrameHeader.Read(bytes));
            return length;
        }

        bytes[..length].CopyTo(_headerBytes.AsSpan(_headerLength));
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
        FramesRead++;
        _left = frame.Length;
        _inFrame = true;
        if (IsViolated(FrameRules.Order(frame, Http2Limits.FrameSize, !_settingsSeen, _blockStream)))
        {
            return;
        }

        if (frame.Type == FrameType.Data)
        {
            BeginData();
        }
        else if (frame.Length == 0)
        {
            _inFrame = false;
            Control([]);
        }
    }

    private int TakePayload(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(_left, bytes.Length);
        bytes = bytes[..length];
        if (_frame.Type == FrameType.Data)
        {
            return TakeData(bytes);
        }

        _left -= length;
        if (_control is null && _left == 0)
        {
            _inFrame = false;
            Control(bytes);
            return length;
        }

        _control ??= ArrayPool<byte>.Shared.Rent(_frame.Length);
        bytes.CopyTo(_control.AsSpan(_controlLength));
        _controlLength += length;
        if (_left == 0)
        {
            _inFrame = false;
            byte[] whole = _control;
            int count = _controlLength;
            (_control, _controlLength) = (null, 0);
            Control(whole.AsSpan(0, count));
            ArrayPool<byte>.Shared.Return(whole);
        }

        return length;
    }

    // Flow control counts the whole payload, padding included.
    private void BeginData()
    {
        int length = _frame.Length;
        _dataStream = null;
        _padding = 0;
        _isPaddingKnown = !_frame.Has(FrameFlags.Padded);
        if (IsViolated(FrameRules.Data(_frame)))
        {
            return;
        }

        _receiveWindow -= length;
        if (_receiveWindow < 0)
        {
            Violation(Http2Error.FlowControlError, "the peer sent more than the connection's window");
            return;
        }

        if (!_streams.TryGetValue(_frame.StreamId, out Http2Stream? stream))
        {
            if (IsIdle(_frame.StreamId))
            {
                Violation(Http2Error.ProtocolError, "DATA on an idle stream");
                return;
            }

            // Of a stream that is gone: its bytes are dropped, but the connection's window gets them back.
            Spend(AbuseBudget.Noise);
        }
        else if (stream.RemoteEnded || !stream.IsHeadRead)
        {
            Refuse(stream, stream.RemoteEnded ? Http2Error.StreamClosed : Http2Error.ProtocolError, "DATA where none may be");
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

    private int TakeData(ReadOnlySpan<byte> bytes)
    {
        int length = bytes.Length;
        if (!_isPaddingKnown)
        {
            _padding = bytes[0];
            _isPaddingKnown = true;
            _left--;
            Skip(1);
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

        int data = Math.Clamp(_left - _padding, 0, length);
        _left -= length;
        _padding -= length - data;
        if (data > 0)
        {
            if (_dataStream is not { IsClosed: false } stream)
            {
                Consumed(data);
            }
            else if (!stream.TryCount(data))
            {
                Consumed(data);
                Refuse(stream, Http2Error.ProtocolError, "more DATA than content-length says");
            }
            else
            {
                stream.Take(bytes[..data]);
            }
        }

        Skip(length - data);
        if (_left == 0)
        {
            EndData();
        }

        return length;
    }

    private void Skip(int bytes)
    {
        if (bytes > 0)
        {
            Consumed(bytes);
            _dataStream?.Credit(bytes);
        }
    }

    private void EndData()
    {
        _inFrame = false;
        Http2Stream? stream = _dataStream;
        _dataStream = null;
        if (_isOver || stream is not { IsClosed: false } || !_frame.Has(FrameFlags.EndStream))
        {
            return;
        }

        EndRemote(stream, null);
    }

    private void EndRemote(Http2Stream stream, Ambient.Routing.Messages.FieldList? trailers)
    {
        if (!stream.IsWholeByCount)
        {
            Refuse(stream, Http2Error.ProtocolError, "less DATA than content-length says");
            return;
        }

        stream.TakeEnd(trailers);
    }

    /// <summary>Bytes that somebody has taken: credit for the connection.</summary>
    public void Consumed(int bytes)
    {
        _uncredited += bytes;
        _budget.Earn(bytes);
        if (_uncredited >= Http2Limits.ConnectionWindow / 4)
        {
            _receiveWindow += _uncredited;
            SendWindowUpdate(0, _uncredited);
            _uncredited = 0;
        }
    }
}

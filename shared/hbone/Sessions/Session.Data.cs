using Ambient.Hbone.Frames;
using Ambient.Linux.Sockets;

namespace Ambient.Hbone.Sessions;

/// <content>DATA, handed on from where it arrived, and the credit for it (RFC 9113 sections 5.2 and 6.1).</content>
public sealed unsafe partial class Session
{
    private int _padding;
    private bool _paddingKnown;
    private TunnelStream? _dataStream;
    private int _receiveWindow;
    private int _connectionUncredited;
    private int _grown;
    private TunnelStream? _pieceStream;
    private int _pieceCount;
    private int _pieceBytes;

    /// <summary>
    /// Whether a stream's window may grow. All growth together is half of the connection's window: a reader that was fast and then stops
    /// holds what its window allows, and a few of those must not stop the others (RFC 9113 section 5.2.1).
    /// </summary>
    internal bool TryGrowWindow(int bytes)
    {
        if (_grown > (_settings.ConnectionWindow / 2) - bytes)
        {
            return false;
        }

        _grown += bytes;
        return true;
    }

    /// <summary>A stream is gone, and its growth is free again.</summary>
    internal void ReturnGrowth(int bytes) => _grown -= bytes;

    /// <summary>Bytes that an application has taken: credit for the connection.</summary>
    internal void Consumed(int bytes)
    {
        _connectionUncredited += bytes;
        _budget.Earn(bytes);
        if (_connectionUncredited >= _settings.ConnectionWindow / 8)
        {
            CreditConnection();
        }
    }

    private void CreditConnection()
    {
        if (_connectionUncredited >= _settings.ConnectionWindow / 16 && Phase != SessionPhase.Closed)
        {
            _receiveWindow += _connectionUncredited;
            SendWindowUpdate(0, _connectionUncredited);
            _connectionUncredited = 0;
        }
    }

    // DATA (section 6.1): flow control counts the whole payload, padding included.
    private void BeginData()
    {
        int length = _frame.Length;
        _dataStream = null;
        _padding = 0;
        _paddingKnown = !_frame.Has(FrameFlags.Padded);
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
}

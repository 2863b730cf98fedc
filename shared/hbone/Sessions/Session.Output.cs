using System.Buffers.Binary;
using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Records;

namespace Ambient.Hbone.Sessions;

/// <content>
/// Outgoing records. The buffer lies as sealed records, then the record being filled:
/// <code>
/// | sent ... | sealed records ... | header(5) frames ... → _position | room for content type and tag (17) |
///            ^ _sent              ^ _record
/// </code>
/// It is rented when something is written and returned when everything is sent; an idle session has none.
/// </content>
public sealed unsafe partial class Session
{
    /// <summary>What one stream may read per turn.</summary>
    private const int Quantum = 256 * 1024;

    /// <summary>Kept free at the end for control frames behind a full load of data.</summary>
    private const int Reserved = 512;

    /// <summary>A peer that does not read must not make our answers to it grow for ever.</summary>
    private const int MaxBacklog = 1024 * 1024;

    private byte* _out;
    private int _outCapacity;
    private int _sent;
    private int _record;
    private int _position;
    private bool _blocked;
    private bool _sealFailed;
    private int _sendWindow = DefaultWindow;
    private int _peerInitialWindow = DefaultWindow;
    private Queue<TunnelStream>? _waitingForRoom;
    private Queue<TunnelStream>? _waitingForWindow;

    private int OutTotal => _outCapacity + BufferPool.Slack;

    void IFlushItem.OnFlush()
    {
        if (IsOpen || Phase == SessionPhase.Closing)
        {
            Flush();
        }
    }

    /// <summary>Reads a stream's source straight into outgoing records.</summary>
    internal void Pump(TunnelStream stream)
    {
        int window = Math.Min(_sendWindow, stream.SendWindow);
        if (window <= 0)
        {
            if (_sendWindow <= 0)
            {
                Wait(stream, ref _waitingForWindow);
            }

            return;
        }

        if (!HasRoom())
        {
            Wait(stream, ref _waitingForRoom);
            return;
        }

        IoVector[] gaps = LoopScratch.Current.Gaps;
        int count = Gaps(gaps, Math.Min(window, stream.IsSmall ? RecordLayer.MaxPlaintext - FrameHeader.Size : Quantum), out int wanted);
        SysResult read = stream.Endpoint!.Read(gaps.AsSpan(0, count));
        if (stream.IsClosed || Phase == SessionPhase.Closed)
        {
            return;
        }

        if (read.IsError)
        {
            if (read.Is(Errno.EAGAIN))
            {
                stream.OnNothingToRead();
            }
            else
            {
                stream.Reset(Http2Error.ConnectError, read.Is(Errno.ECONNRESET) ? CloseReason.AppReset : CloseReason.ReceiveFailed, read.ToString());
            }
        }
        else if (read.Value == 0)
        {
            stream.OnSourceEnded();
        }
        else
        {
            Frame(stream.Id, gaps, (int)read.Value);
            stream.SendWindow -= (int)read.Value;
            _sendWindow -= (int)read.Value;
            stream.OnRead((int)read.Value, (int)read.Value == wanted);
        }
    }

    internal void SendEnd(TunnelStream stream) => WriteFrame(0, FrameType.Data, FrameFlags.EndStream, stream.Id);

    internal void SendReset(int streamId, Http2Error code) =>
        BinaryPrimitives.WriteUInt32BigEndian(new Span<byte>(WriteFrame(4, FrameType.RstStream, FrameFlags.None, streamId), 4), (uint)code);

    internal void SendWindowUpdate(int streamId, int increment)
    {
        if (IsOpen)
        {
            BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(WriteFrame(4, FrameType.WindowUpdate, FrameFlags.None, streamId), 4), increment);
        }
    }

    internal void SendResponse(TunnelStream stream, in ConnectResponse response, bool endStream)
    {
        Span<byte> block = stackalloc byte[512];
        int bound = HeaderWriter.Bound(response);
        HeaderWriter writer = new(bound <= block.Length ? block : new byte[bound]);
        if (bound > MaxHeaderBlock)
        {
            writer.Response(new ConnectResponse(response.Status));
        }
        else
        {
            writer.Response(response);
        }

        SendHeaders(stream.Id, writer.Written, endStream);
    }

    private const int MaxHeaderBlock = 15 * 1024;

    private bool TrySendRequest(TunnelStream stream)
    {
        int bound = HeaderWriter.Bound(stream.Request!);
        if (bound > MaxHeaderBlock)
        {
            return false;
        }

        Span<byte> block = stackalloc byte[1024];
        HeaderWriter writer = new(bound <= block.Length ? block : new byte[bound]);
        writer.Request(stream.Request!);
        SendHeaders(stream.Id, writer.Written, endStream: false);

        // Half a kilobyte of text that an idle tunnel has no use for.
        stream.Request = null;
        return true;
    }

    private void SendHeaders(int streamId, ReadOnlySpan<byte> block, bool endStream)
    {
        byte flags = (byte)(FrameFlags.EndHeaders | (endStream ? FrameFlags.EndStream : FrameFlags.None));
        block.CopyTo(new Span<byte>(WriteFrame(block.Length, FrameType.Headers, flags, streamId), block.Length));
    }

    private void SendSettings(ReadOnlySpan<(SettingId Id, int Value)> settings)
    {
        byte* payload = WriteFrame(settings.Length * 6, FrameType.Settings, FrameFlags.None, 0);
        foreach ((SettingId id, int value) in settings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(payload, 2), (ushort)id);
            BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(payload + 2, 4), value);
            payload += 6;
        }
    }

    private void SendPing(ulong payload, bool ack = false) =>
        BinaryPrimitives.WriteUInt64BigEndian(new Span<byte>(WriteFrame(8, FrameType.Ping, ack ? FrameFlags.Ack : FrameFlags.None, 0), 8), payload);

    private void SendGoAway(int lastStreamId, Http2Error code)
    {
        byte* payload = WriteFrame(8, FrameType.GoAway, FrameFlags.None, 0);
        BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(payload, 4), lastStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(new Span<byte>(payload + 4, 4), (uint)code);
    }

    /// <summary>Writes a frame header and returns where the payload belongs.</summary>
    private byte* WriteFrame(int length, FrameType type, byte flags, int streamId)
    {
        byte* frame = Reserve(FrameHeader.Size + length);
        FrameHeader.Write(frame, length, type, flags, streamId);
        return frame + FrameHeader.Size;
    }

    /// <summary>Room for so many bytes in one record, at most a record's plaintext.</summary>
    private byte* Reserve(int length)
    {
        EnsureOutput();
        if (_position - _record - RecordLayer.HeaderSize + length > RecordLayer.MaxPlaintext)
        {
            Seal();
        }

        EnsureCapacity(length);
        byte* place = _out + _position;
        _position += length;
        return place;
    }

    private void EnsureOutput()
    {
        if (_out == null)
        {
            _out = Loop.Buffers.Rent(Loop.Buffers.BigSize, out _outCapacity);
            _sent = _record = 0;
            _position = RecordLayer.HeaderSize;
        }

        Loop.FlushAtEnd(this);
    }

    private void EnsureCapacity(int length)
    {
        int needed = _position + length + RecordLayer.TrailerSize + RecordLayer.MaxControl;
        if (needed <= OutTotal)
        {
            return;
        }

        byte* larger = Loop.Buffers.Rent(needed + (64 * 1024), out int capacity);
        Buffer.MemoryCopy(_out, larger, capacity, _position);
        Loop.Buffers.Return(_out, _outCapacity);
        _out = larger;
        _outCapacity = capacity;
    }

    /// <summary>Bytes that are records already, such as a handshake's last flight or a KeyUpdate.</summary>
    private void AppendRaw(ReadOnlySpan<byte> records)
    {
        EnsureOutput();
        Seal();
        EnsureCapacity(records.Length);
        records.CopyTo(new Span<byte>(_out + _record, records.Length));
        _record += records.Length;
        _position = _record + RecordLayer.HeaderSize;
    }

    private void AppendPendingControl()
    {
        byte* control = stackalloc byte[RecordLayer.MaxControl];
        while (_records!.HasPendingControl)
        {
            EnsureOutput();
            Seal();
            int length = _records.PendingControl(control, RecordLayer.MaxControl);
            if (length <= 0)
            {
                return;
            }

            AppendRaw(new ReadOnlySpan<byte>(control, length));
        }
    }

    private void Seal()
    {
        int length = _position - _record - RecordLayer.HeaderSize;
        if (length == 0)
        {
            return;
        }

        int sealedLength = _records!.Seal(_out + _record, length);
        _record += Math.Max(sealedLength, 0);
        _position = _record + RecordLayer.HeaderSize;
        if (sealedLength < 0)
        {
            // The session ends at the next flush: whoever is writing into the buffer now still needs it.
            _sealFailed = true;
            Loop.FlushAtEnd(this);
        }
    }

    private bool HasRoom()
    {
        if (_blocked)
        {
            return false;
        }

        EnsureOutput();
        if (OutTotal - _position < 4096)
        {
            Flush();
            if (_blocked || Phase == SessionPhase.Closed)
            {
                return false;
            }

            EnsureOutput();
        }

        return true;
    }

    /// <summary>Lays out the gaps behind the DATA headers of the records to come; nothing is written yet.</summary>
    private int Gaps(IoVector[] gaps, int limit, out int wanted)
    {
        if (RecordLayer.MaxPlaintext - (_position - _record - RecordLayer.HeaderSize) < 64 + FrameHeader.Size)
        {
            Seal();
        }

        int position = _position;
        int record = _record;
        int count = 0;
        wanted = 0;
        while (count < gaps.Length && wanted < limit)
        {
            int room = RecordLayer.MaxPlaintext - (position - record - RecordLayer.HeaderSize) - FrameHeader.Size;
            int end = OutTotal - Reserved - RecordLayer.TrailerSize - position - FrameHeader.Size;
            int length = Math.Min(Math.Min(room, limit - wanted), end);
            if (length < 1)
            {
                break;
            }

            gaps[count++] = new IoVector(_out + position + FrameHeader.Size, length);
            wanted += length;
            position += FrameHeader.Size + length;
            if (length == room)
            {
                record = position + RecordLayer.TrailerSize;
                position = record + RecordLayer.HeaderSize;
            }
        }

        return count;
    }

    /// <summary>Puts the DATA headers in front of what was read, and seals the records that are full.</summary>
    private void Frame(int streamId, IoVector[] gaps, int read)
    {
        for (int i = 0; read > 0; i++)
        {
            int length = Math.Min((int)gaps[i].Length, read);
            FrameHeader.Write(_out + _position, length, FrameType.Data, FrameFlags.None, streamId);
            _position += FrameHeader.Size + length;
            read -= length;
            if (_position - _record - RecordLayer.HeaderSize >= RecordLayer.MaxPlaintext)
            {
                Seal();
            }
        }

        _activeSincePing = true;
    }

    private void Flush()
    {
        if (_out == null)
        {
            return;
        }

        Seal();
        if (_sealFailed)
        {
            Abort(CloseReason.TlsFailure, "a TLS record could not be sealed");
            return;
        }

        while (_sent < _record)
        {
            SysResult written = SocketIo.Write(Descriptor, _out + _sent, _record - _sent);
            if (written.IsError)
            {
                if (!written.Is(Errno.EAGAIN))
                {
                    Abort(CloseReason.SendFailed, $"io error: {written}");
                }
                else if (_record - _sent > MaxBacklog)
                {
                    Abort(CloseReason.AbuseBudgetExceeded, "the peer does not read what it makes us send", Http2Error.EnhanceYourCalm);
                }
                else
                {
                    _blocked = true;
                }

                return;
            }

            _sent += (int)written.Value;
        }

        ReturnOutput();
        if (_blocked)
        {
            _blocked = false;
            Wake(_waitingForRoom);
        }

        if (Phase == SessionPhase.Closing)
        {
            SocketIo.ShutdownWrite(Descriptor);
        }
    }

    private void OnWritable()
    {
        if (Phase == SessionPhase.Handshaking)
        {
            WriteHandshake();
        }
        else if (_blocked)
        {
            Flush();
        }
    }

    private static void Wait(TunnelStream stream, ref Queue<TunnelStream>? queue)
    {
        if (!stream.IsWaiting)
        {
            stream.IsWaiting = true;
            (queue ??= new Queue<TunnelStream>()).Enqueue(stream);
        }
    }

    private void Wake(Queue<TunnelStream>? queue)
    {
        while (queue is { Count: > 0 })
        {
            TunnelStream stream = queue.Dequeue();
            stream.IsWaiting = false;
            if (!stream.IsClosed)
            {
                Loop.RunLater(stream);
            }
        }
    }

    /// <summary>
    /// The orderly end: goodbye behind all that waits, our FIN behind that, and then the peer's. A socket that is closed before the peer has read
    /// everything, or while its last frames are on their way to us, would take the tail of the last stream with it.
    /// </summary>
    private void Leave()
    {
        Phase = SessionPhase.Closing;
        AppendGoodbye(Http2Error.NoError);
        Schedule(_settings.CloseTimeout);
    }

    /// <summary>The end at once: what the socket takes without waiting.</summary>
    private void SayGoodbye(Http2Error code)
    {
        if (!_blocked)
        {
            AppendGoodbye(code);
            SocketIo.Write(Descriptor, _out + _sent, _record - _sent);
        }
    }

    private void AppendGoodbye(Http2Error code)
    {
        SendGoAway(_lastPeerStreamId, code);
        Seal();
        byte* notify = stackalloc byte[RecordLayer.MaxControl];
        int length = _records!.CloseNotify(notify, RecordLayer.MaxControl);
        if (length > 0)
        {
            AppendRaw(new ReadOnlySpan<byte>(notify, length));
        }
    }

    private void ReturnOutput()
    {
        if (_out != null)
        {
            Loop.Buffers.Return(_out, _outCapacity);
            _out = null;
        }
    }

    private void FreeMemory()
    {
        ReturnOutput();
        FreeInput();
        _handshake?.Dispose();
        _handshake = null;
        _records?.Dispose();
        _records = null;
    }
}

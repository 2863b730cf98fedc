using Ambient.Hbone.Frames;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Records;

namespace Ambient.Hbone.Sessions;

/// <content>
/// From a stream's source straight into outgoing records: room, windows, and who waits for which of them. A stream reads a quantum and goes to the
/// end of the loop's queue, which is the fairness.
/// </content>
public sealed unsafe partial class Session
{
    /// <summary>What one stream may read per turn.</summary>
    private const int Quantum = 256 * 1024;

    /// <summary>Kept free at the end for control frames behind a full load of data.</summary>
    private const int Reserved = 512;

    private int _sendWindow = DefaultWindow;
    private int _peerInitialWindow = DefaultWindow;
    private Queue<TunnelStream>? _waitingForRoom;
    private Queue<TunnelStream>? _waitingForWindow;

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
}

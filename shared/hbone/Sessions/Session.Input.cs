using System.Runtime.InteropServices;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Records;

namespace Ambient.Hbone.Sessions;

/// <content>
/// Incoming bytes: one large read, records opened in place, frames parsed in place, DATA handed on from where it arrived. Only an
/// incomplete record, and an incomplete control frame, are kept between reads.
/// </content>
public sealed unsafe partial class Session
{
    /// <summary>Large reads per turn before others get theirs.</summary>
    private const int ReadsPerTurn = 4;

    private byte* _stash;
    private int _stashLength;
    private bool _peerClosing;

    private void ReadInput()
    {
        if (Phase == SessionPhase.Connecting)
        {
            return;
        }

        byte* buffer = Loop.Buffers.Rent(Loop.Buffers.BigSize, out int capacity);
        try
        {
            for (int i = 0; i < ReadsPerTurn; i++)
            {
                if (Phase == SessionPhase.Handshaking && !LoopScratch.Current.TryHandshakeStep(Loop.Turns))
                {
                    break;
                }

                if (!ReadOnce(buffer, capacity))
                {
                    return;
                }
            }
        }
        finally
        {
            Loop.Buffers.Return(buffer, capacity);
        }

        Loop.RunLater(this);
    }

    /// <summary>One read; whether there may be more to read at once.</summary>
    private bool ReadOnce(byte* buffer, int capacity)
    {
        if (Phase == SessionPhase.Closing)
        {
            return Discard(buffer, capacity);
        }

        if (_stashLength > 0)
        {
            Buffer.MemoryCopy(_stash, buffer, capacity, _stashLength);
        }

        int wanted = capacity - _stashLength;
        SysResult read = SocketIo.Read(Descriptor, buffer + _stashLength, wanted);
        if (read.IsError)
        {
            if (!read.Is(Errno.EAGAIN))
            {
                Abort(Phase == SessionPhase.Handshaking ? CloseReason.TlsFailure : CloseReason.PeerReset, $"io error: {read}");
            }

            return false;
        }

        if (read.Value == 0)
        {
            Abort(Phase == SessionPhase.Handshaking ? CloseReason.TlsFailure : CloseReason.PeerReset, "the peer closed the connection");
            return false;
        }

        int end = _stashLength + (int)read.Value;
        int start = 0;
        if (Phase == SessionPhase.Handshaking)
        {
            start = HandshakeInput(buffer, end);
            if (start < 0)
            {
                return false;
            }
        }

        if (IsOpen)
        {
            start = Records(buffer, start, end);
            if (start < 0)
            {
                return false;
            }
        }

        Keep(buffer + start, end - start);
        return Phase != SessionPhase.Closed && ((int)read.Value == wanted || _peerClosing || Phase is SessionPhase.Handshaking or SessionPhase.Closing);
    }

    /// <summary>We have said goodbye: what still comes was sent before the peer knew, and its end is ours.</summary>
    private bool Discard(byte* buffer, int capacity)
    {
        SysResult read = SocketIo.Read(Descriptor, buffer, capacity);
        if (read.Value > 0)
        {
            return true;
        }

        if (!read.Is(Errno.EAGAIN))
        {
            Abort(CloseReason.Completed, "drained");
        }

        return false;
    }

    /// <summary>Opens whole records; returns where the incomplete one begins, negative when the session is gone.</summary>
    private int Records(byte* buffer, int start, int end)
    {
        while (end - start >= RecordLayer.HeaderSize)
        {
            int length = RecordLayer.HeaderSize + ((buffer[start + 3] << 8) | buffer[start + 4]);
            if (length > RecordLayer.MaxRecord)
            {
                Abort(CloseReason.TlsFailure, "the peer sent a TLS record that is too large");
                return -1;
            }

            if (end - start < length)
            {
                break;
            }

            OpenResult opened = _records!.Open(buffer + start, length);
            if (opened.Status == OpenStatus.Data)
            {
                Frames(buffer + start + opened.Offset, opened.Length);
            }
            else if (opened.Status != OpenStatus.Nothing)
            {
                EndOfRecords(opened);
            }

            if (Phase == SessionPhase.Closed)
            {
                return -1;
            }

            if (Phase == SessionPhase.Closing)
            {
                FlushPieces();
                return end;
            }

            if (_records.HasPendingControl)
            {
                AppendPendingControl();
            }

            start += length;
        }

        FlushPieces();
        CreditConnection();
        return Phase == SessionPhase.Closed ? -1 : start;
    }

    private void EndOfRecords(in OpenResult opened)
    {
        FlushPieces();
        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        if (opened.Status == OpenStatus.PeerClosed)
        {
            Abort(ActiveStreams == 0 ? CloseReason.Completed : CloseReason.PeerReset, "the peer closed the session");
        }
        else if (opened.Failure == RecordFailure.PeerAlert)
        {
            Abort(CloseReason.TlsFailure, $"io error: received fatal alert: {TlsAlerts.Describe(_records!.PeerAlert)}");
        }
        else
        {
            AppendPendingControl();
            Abort(CloseReason.TlsFailure, $"TLS record refused: {RecordFailures.Describe(opened.Failure)}");
        }
    }

    private void Keep(byte* rest, int length)
    {
        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        if (length == 0)
        {
            NativeMemory.Free(_stash);
            _stash = null;
        }
        else
        {
            if (_stash == null)
            {
                _stash = (byte*)NativeMemory.Alloc(RecordLayer.MaxRecord);
            }

            Buffer.MemoryCopy(rest, _stash, RecordLayer.MaxRecord, length);
        }

        _stashLength = length;
    }

    private void FreeInput()
    {
        NativeMemory.Free(_stash);
        _stash = null;
        _stashLength = 0;
        FreeControl();
    }
}

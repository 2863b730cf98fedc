using Ambient.EventLoop;
using Ambient.Hbone.Frames;
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
    /// <summary>A peer that does not read must not make our answers to it grow for ever.</summary>
    private const int MaxBacklog = 1024 * 1024;

    /// <summary>What a buffer that must grow gets beyond what is needed now.</summary>
    private const int Spare = 64 * 1024;

    private byte* _out;
    private int _outCapacity;
    private int _sent;
    private int _record;
    private int _position;
    private bool _blocked;
    private bool _sealFailed;
    private bool _sentSinceTimer;

    private int OutTotal => _outCapacity + BufferPool.Slack;

    void IFlushItem.OnFlush()
    {
        if (IsOpen || Phase == SessionPhase.Closing)
        {
            Flush();
        }
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
        int wanted = length + RecordLayer.TrailerSize + RecordLayer.MaxControl;
        if (_position + wanted <= OutTotal)
        {
            return;
        }

        // What was sent stays behind: a peer that reads slowly and never catches up must not make us keep all that it was ever sent.
        int unsent = _position - _sent;
        if (_sent >= Spare && unsent + wanted <= OutTotal)
        {
            Buffer.MemoryCopy(_out + _sent, _out, OutTotal, unsent);
        }
        else
        {
            byte* larger = Loop.Buffers.Rent(unsent + wanted + Spare, out int capacity);
            Buffer.MemoryCopy(_out + _sent, larger, capacity, unsent);
            Loop.Buffers.Return(_out, _outCapacity);
            _out = larger;
            _outCapacity = capacity;
        }

        _record -= _sent;
        _position -= _sent;
        _sent = 0;
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

    /// <summary>Records of TLS itself go behind those that are sealed and in front of the one that is being filled.</summary>
    private void AppendPendingControl()
    {
        byte* control = stackalloc byte[RecordLayer.MaxControl];
        while (_records!.HasPendingControl)
        {
            int length = _records.PendingControl(control, RecordLayer.MaxControl);
            if (length <= 0)
            {
                return;
            }

            EnsureOutput();
            EnsureCapacity(length);
            int begun = _position - _record;
            Buffer.MemoryCopy(_out + _record, _out + _record + length, begun, begun);
            Buffer.MemoryCopy(control, _out + _record, length, length);
            _record += length;
            _position += length;
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
            _sentSinceTimer = true;
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

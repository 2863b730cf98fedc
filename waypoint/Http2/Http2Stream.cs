using Ambient.Hbone.Frames;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <summary>
/// One stream: two windows, two directions that end apart, and what either side cannot take yet (RFC 9113 section 5.1). Loop-affine.
/// </summary>
internal abstract class Http2Stream(Http2Connection connection)
{
    private OutputQueue? _unsent;
    private OutputQueue? _unread;
    private FieldList? _lastTrailers;
    private FieldList? _readTrailers;
    private bool _endsAfterUnsent;
    private bool _isReading;
    private bool _isEndRead;
    private bool _wasFull;
    private int _uncredited;
    private long _expected = -1;
    private long _received;

    /// <summary>The stream's identifier.</summary>
    public int Id { get; set; }

    /// <summary>What may be sent.</summary>
    public int SendWindow { get; set; }

    /// <summary>What may be received.</summary>
    public int ReceiveWindow { get; set; } = Http2Limits.StreamWindow;

    /// <summary>Whether it stands in the connection's queue.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>Whether the message's head was read: what follows is body or trailers.</summary>
    public bool IsHeadRead { get; protected set; }

    /// <summary>Whether a head was sent (server).</summary>
    public bool IsAnswered { get; protected set; }

    /// <summary>Whether we have sent everything.</summary>
    public bool LocalEnded { get; protected set; }

    /// <summary>Whether the peer has sent everything.</summary>
    public bool RemoteEnded { get; private set; }

    /// <summary>Whether it is over.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether no more should be written for now.</summary>
    public bool IsFull
    {
        get
        {
            bool isFull = _unsent is { Length: > 0 } || connection.IsOutputFull;
            _wasFull |= isFull;
            return isFull;
        }
    }

    /// <summary>Whether as much arrived as content-length says.</summary>
    public bool IsWholeByCount => _expected < 0 || _received == _expected;

    /// <summary>The connection.</summary>
    protected Http2Connection Connection => connection;

    /// <summary>Whether the reader takes more.</summary>
    protected abstract bool CanRead { get; }

    /// <summary>Counts body bytes; false when there are too many.</summary>
    public bool TryCount(int bytes)
    {
        _received += bytes;
        return _expected < 0 || _received <= _expected;
    }

    /// <summary>A part of the body arrived.</summary>
    public void Take(ReadOnlySpan<byte> data)
    {
        if (!_isReading && _unread is not { Length: > 0 } && CanRead)
        {
            Hand(data, wasQueued: false);
        }
        else
        {
            (_unread ??= new OutputQueue()).Append(data);
        }
    }

    /// <summary>The body is over.</summary>
    public void TakeEnd(FieldList? trailers)
    {
        RemoteEnded = true;
        _readTrailers = trailers;
        Read();
    }

    /// <summary>The reader can take more.</summary>
    public void Read()
    {
        if (_isReading)
        {
            return;
        }

        while (!IsClosed && _unread is { Length: > 0 } unread && CanRead)
        {
            int length = unread.Front.Length;
            Hand(unread.Front, wasQueued: true);
            if (!IsClosed)
            {
                unread.Take(length);
            }
        }

        if (!IsClosed && RemoteEnded && !_isEndRead && _unread is not { Length: > 0 })
        {
            _isEndRead = true;
            try
            {
                OnReadEnd(_readTrailers);
            }
            catch (Exception defect)
            {
                connection.OnDefect(this, defect);
            }
        }
    }

    /// <summary>Bytes of the window that nobody needs to take (padding), or that were taken.</summary>
    public void Credit(int bytes)
    {
        _uncredited += bytes;
        if (_uncredited >= Http2Limits.StreamWindow / 2 && !RemoteEnded && !IsClosed)
        {
            ReceiveWindow += _uncredited;
            connection.SendWindowUpdate(Id, _uncredited);
            _uncredited = 0;
        }
    }

    /// <summary>Sends bytes, in order; what the windows do not take waits.</summary>
    public void SendData(ReadOnlySpan<byte> data)
    {
        if (IsClosed || LocalEnded || _endsAfterUnsent)
        {
            return;
        }

        int sent = _unsent is { Length: > 0 } ? 0 : connection.SendData(this, data);
        if (sent < data.Length)
        {
            (_unsent ??= new OutputQueue()).Append(data[sent..]);
            WaitIfShut();
        }
    }

    /// <summary>Ends our direction after what was sent.</summary>
    public void SendEnd(FieldList? trailers)
    {
        if (IsClosed || LocalEnded || _endsAfterUnsent)
        {
            return;
        }

        if (_unsent is { Length: > 0 })
        {
            _endsAfterUnsent = true;
            _lastTrailers = trailers;
            return;
        }

        LocalEnded = true;
        connection.SendEnd(this, trailers);
        OnLocalEnded();
    }

    /// <summary>The stream's window has grown.</summary>
    public void Flush()
    {
        // With the connection's window shut, or others in front, it is not this one's turn.
        if (_unsent is { Length: > 0 } && !IsWaiting)
        {
            connection.Wait(this);
            connection.ServeWaiting();
        }
    }

    /// <summary>Its turn: sends up to a number of bytes.</summary>
    public void FlushSome(int most)
    {
        if (IsClosed || _unsent is not { Length: > 0 } unsent)
        {
            return;
        }

        ReadOnlySpan<byte> front = unsent.Front;
        int sent = connection.SendData(this, front[..Math.Min(front.Length, most)]);
        unsent.Take(sent);
        if (unsent.Length > 0)
        {
            WaitIfShut();
            return;
        }

        if (_endsAfterUnsent)
        {
            _endsAfterUnsent = false;
            SendEnd(_lastTrailers);
        }
        else
        {
            TellRoom();
        }
    }

    /// <summary>Tells the writer that there is room, when there is and it asked before.</summary>
    public void TellRoom()
    {
        if (_wasFull && !IsClosed && !IsFull)
        {
            _wasFull = false;
            try
            {
                OnRoom();
            }
            catch (Exception defect)
            {
                connection.OnDefect(this, defect);
            }
        }
    }

    /// <summary>It ended before it was whole; the connection has forgotten it already.</summary>
    public void Lose(Http2Error code, bool isByPeer, string detail)
    {
        if (!IsClosed)
        {
            Free();
            try
            {
                OnLost(code, isByPeer, detail);
            }
            catch (Exception defect)
            {
                // The others are still to be told, and whoever keeps the connection.
                connection.OnDefect(this, defect);
            }
        }
    }

    /// <summary>The peer takes no more: what it has sent is still read, what we would send is dropped.</summary>
    public void StopSending()
    {
        LocalEnded = true;
        _endsAfterUnsent = false;
        _unsent?.Clear();
        TellRoom();
    }

    /// <summary>It is over; with a code also at the peer.</summary>
    protected void Close(Http2Error? reset)
    {
        if (!IsClosed)
        {
            Free();
            connection.Forget(this, reset);
        }
    }

    /// <summary>The body will have so many bytes; −1 for unknown.</summary>
    protected void Expect(long length) => _expected = length;

    /// <summary>A part of the body, for the reader.</summary>
    protected abstract void OnRead(ReadOnlySpan<byte> data);

    /// <summary>The end of the body, behind its last byte.</summary>
    protected abstract void OnReadEnd(FieldList? trailers);

    /// <summary>Everything of ours was sent.</summary>
    protected abstract void OnLocalEnded();

    /// <summary>There is room for the writer.</summary>
    protected abstract void OnRoom();

    /// <summary>It ended before it was whole.</summary>
    protected abstract void OnLost(Http2Error code, bool isByPeer, string detail);

    // Credit goes back when the bytes are taken, in halves of the window.
    private void Hand(ReadOnlySpan<byte> data, bool wasQueued)
    {
        int length = data.Length;
        _isReading = true;
        try
        {
            OnRead(data);
        }
        catch (Exception defect)
        {
            connection.OnDefect(this, defect);
        }

        _isReading = false;
        if (!wasQueued || !IsClosed)
        {
            // What was queued when the stream ended has been given back with the queue.
            connection.Consumed(length);
        }

        Credit(length);
    }

    private void WaitIfShut()
    {
        if (SendWindow > 0)
        {
            connection.Wait(this);
        }
    }

    private void Free()
    {
        IsClosed = true;
        _unsent?.Clear();
        if (_unread is { } unread)
        {
            // Nobody takes these any more, but the connection's window belongs to all streams.
            connection.Consumed(unread.Length);
            unread.Clear();
        }
    }
}

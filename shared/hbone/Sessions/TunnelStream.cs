using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <summary>
/// One CONNECT stream: windows, ends, and the bytes that the local side has not taken. Loop-affine; made by its <see cref="Session"/>.
/// </summary>
/// <remarks>
/// Two directions end apart: <em>local</em> when the endpoint's source ended and END_STREAM was sent, <em>remote</em> when END_STREAM
/// arrived and everything before it was written. With both the stream is completed; a reset from any side ends it at once. One thing
/// outlives the session: bytes that had arrived whole when it was lost are still delivered (<see cref="End"/>).
/// </remarks>
public sealed class TunnelStream : IReadyItem, ILoopFault
{
    private readonly int _maxWindow;
    private StreamEndpoint? _endpoint;
    private ReceiveQueue _queue;
    private int _windowTarget;
    private int _uncredited;
    private StreamFlags _flags = StreamFlags.Small;
    private StreamClosure _farewell;

    internal TunnelStream(Session session, StreamEndpoint? endpoint, HboneSettings settings)
    {
        Session = session;
        _endpoint = endpoint;
        if (endpoint is not null)
        {
            endpoint.Stream = this;
        }

        _maxWindow = settings.StreamWindow;
        _windowTarget = session.InitialReceiveWindow;
        ReceiveWindow = _windowTarget;
    }

    /// <summary>The session that carries this stream.</summary>
    public Session Session { get; }

    /// <summary>The stream identifier; 0 while it waits for the session.</summary>
    public int Id { get; internal set; }

    /// <summary>Bytes that went from the endpoint to the peer.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Bytes that came from the peer and were taken by the endpoint.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Anything the owner wants to find again.</summary>
    public object? Tag { get; set; }

    /// <summary>Whether the stream is gone.</summary>
    public bool IsClosed => Has(StreamFlags.Closed);

    /// <summary>Whether the source is not read any more: it has ended, or the peer wants nothing more of it.</summary>
    public bool IsSourceEnded => Has(StreamFlags.LocalEnded);

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    internal int SendWindow { get; set; }

    internal int ReceiveWindow { get; set; }

    internal ConnectRequest? Request { get; set; }

    internal StreamEndpoint? Endpoint => _endpoint;

    internal bool IsOpened => Has(StreamFlags.Opened);

    internal bool IsSmall => Has(StreamFlags.Small);

    internal bool RemoteEnded => Has(StreamFlags.RemoteEnded);

    internal bool IsWaiting
    {
        get => Has(StreamFlags.Waiting);
        set => Set(StreamFlags.Waiting, value);
    }

    /// <summary>The source has bytes, or its end (edge-triggered: told once, then read until EAGAIN).</summary>
    /// <param name="ended">The kernel has said that the source's peer closed: read on until the end shows.</param>
    public void OnSourceReadable(bool ended)
    {
        Set(StreamFlags.Readable, true);
        if (ended)
        {
            Set(StreamFlags.SourceEnding, true);
        }

        Pump();
    }

    /// <summary>The sink takes bytes again.</summary>
    public void OnSinkWritable()
    {
        if (!IsClosed)
        {
            Drain();
        }
    }

    /// <summary>Server role: answers 200 and begins to relay.</summary>
    public void Accept(StreamEndpoint endpoint, in ConnectResponse response)
    {
        if (IsClosed)
        {
            endpoint.OnClosed(new StreamClosure(CloseReason.PeerReset, Http2Error.Cancel, true, 0, "the stream ended before it was accepted"));
            return;
        }

        _endpoint = endpoint;
        endpoint.Stream = this;
        Set(StreamFlags.Opened, true);
        Session.Answered();
        Session.SendResponse(this, response, endStream: false);
        Drain();
        Pump();
    }

    /// <summary>Server role: answers with a status and ends the stream.</summary>
    public void Refuse(int status)
    {
        if (!IsClosed)
        {
            Session.SendResponse(this, new ConnectResponse(status), endStream: true);
            Session.Finish(this, RemoteEnded ? null : Http2Error.NoError);
            Release();
        }
    }

    /// <summary>Ends the stream at once: RST_STREAM to the peer, <see cref="StreamEndpoint.OnClosed"/> to the endpoint.</summary>
    public void Reset(Http2Error code, CloseReason why, string? detail = null)
    {
        if (!IsClosed)
        {
            Session.Finish(this, code);
            Close(new StreamClosure(why, code, false, 0, detail));
        }
    }

    void IReadyItem.OnReady() => Pump();

    void ILoopFault.OnFault(Exception exception) => Reset(Http2Error.InternalError, CloseReason.InternalError, exception.Message);

    /// <summary>Client role: the 200 is here.</summary>
    internal void Open(in ConnectResponse response)
    {
        Set(StreamFlags.Opened, true);
        Session.Answered();
        _endpoint!.OnOpened(response);
        if (!IsClosed)
        {
            Drain();
            Pump();
        }
    }

    /// <summary>Reads from the source into outgoing records, as far as room and windows allow.</summary>
    internal void Pump()
    {
        const StreamFlags Needed = StreamFlags.Opened | StreamFlags.Readable;
        if ((_flags & (Needed | StreamFlags.LocalEnded | StreamFlags.Closed)) == Needed)
        {
            Session.Pump(this);
        }
    }

    /// <summary>What a read of the source gave.</summary>
    internal void OnRead(int read, bool all)
    {
        BytesSent += read;
        Set(StreamFlags.Small, read < 16000);
        if (all || Has(StreamFlags.SourceEnding))
        {
            Session.Later(this);
        }
        else
        {
            Set(StreamFlags.Readable, false);
        }
    }

    internal void OnNothingToRead() => Set(StreamFlags.Readable, false);

    internal void OnSourceEnded()
    {
        Set(StreamFlags.LocalEnded, true);
        Session.SendEnd(this);
        CompleteIfBothEnded();
    }

    /// <summary>Bytes from the peer, in the buffer they arrived in.</summary>
    internal unsafe void Deliver(ReadOnlySpan<IoVector> vectors, int total)
    {
        int taken = 0;
        if (_queue.Length == 0 && _endpoint is not null && Has(StreamFlags.Opened))
        {
            SysResult written = _endpoint.Write(vectors);
            if (!IsClosed && written.IsError && !written.Is(Errno.EAGAIN))
            {
                SinkFailed(written);
            }

            if (IsClosed)
            {
                Session.Consumed(total);
                return;
            }

            taken = (int)written.Value;
        }

        int skip = taken;
        foreach (IoVector vector in vectors)
        {
            int length = (int)vector.Length;
            if (skip < length)
            {
                _queue.Append((byte*)vector.Address + skip, length - skip);
            }

            skip = Math.Max(0, skip - length);
        }

        if (taken > 0)
        {
            Consumed(taken);
        }
    }

    /// <summary>END_STREAM arrived.</summary>
    internal void EndRemote()
    {
        Set(StreamFlags.RemoteEnded, true);
        if (_queue.Length == 0 && _endpoint is not null && Has(StreamFlags.Opened))
        {
            DeliverEnd();
        }
    }

    /// <summary>
    /// The peer or the session has ended the stream. With <paramref name="isError"/> that is a reset; otherwise what arrived before is
    /// delivered first (RFC 9113 section 8.1: a response must not be discarded because of what follows it).
    /// </summary>
    internal void End(in StreamClosure closure, bool isError)
    {
        if (isError || _endpoint is null || !Has(StreamFlags.Opened))
        {
            Close(closure);
        }
        else if (_queue.Length == 0)
        {
            Close(closure with { IsRemoteComplete = Has(StreamFlags.RemoteDelivered) });
        }
        else if (!Session.TryLinger())
        {
            Close(closure);
        }
        else
        {
            _farewell = closure;
            Set(StreamFlags.Lingering | StreamFlags.LocalEnded, true);
        }
    }

    /// <summary>Tells the endpoint and lets go of everything. The session has forgotten the stream already.</summary>
    internal void Close(in StreamClosure closure)
    {
        if (IsClosed)
        {
            return;
        }

        StreamEndpoint? endpoint = _endpoint;
        Release();
        if (endpoint is not null)
        {
            endpoint.Stream = null;
            endpoint.OnClosed(closure);
        }
        else
        {
            Session.Owner.OnAbandoned(Session, this, closure);
        }
    }

    private void Release()
    {
        Set(StreamFlags.Closed, true);
        if (Has(StreamFlags.Lingering))
        {
            Session.OnLingered();
        }

        Session.ReturnGrowth(_windowTarget - Session.InitialReceiveWindow);

        // Nobody takes these any more, but the connection's window belongs to all streams.
        int dropped = _queue.Length;
        _queue.Clear();
        Session.Consumed(dropped);
        _endpoint = null;
        Request = null;
    }

    private void Drain()
    {
        while (_queue.Length > 0 && _endpoint is not null && Has(StreamFlags.Opened))
        {
            IoVector front = _queue.Front;
            SysResult written = _endpoint.Write(new ReadOnlySpan<IoVector>(in front));
            if (IsClosed)
            {
                return;
            }

            if (written.IsError)
            {
                if (!written.Is(Errno.EAGAIN))
                {
                    SinkFailed(written);
                }

                return;
            }

            _queue.Take((int)written.Value);
            Consumed((int)written.Value);
        }

        if (_queue.Length > 0 || _endpoint is null)
        {
            return;
        }

        if (Has(StreamFlags.RemoteEnded))
        {
            DeliverEnd();
        }
        else if (Has(StreamFlags.Lingering))
        {
            Close(_farewell);
        }
    }

    private void DeliverEnd()
    {
        if (Has(StreamFlags.RemoteDelivered))
        {
            return;
        }

        Set(StreamFlags.RemoteDelivered, true);
        _endpoint!.OnPeerEnded();
        CompleteIfBothEnded();
    }

    private void CompleteIfBothEnded()
    {
        if (!IsClosed && Has(StreamFlags.LocalEnded) && Has(StreamFlags.RemoteDelivered))
        {
            Session.Finish(this, null);
            Close(Has(StreamFlags.Lingering) ? _farewell with { IsRemoteComplete = true } : new StreamClosure(CloseReason.Completed, Http2Error.NoError, false, 0, null));
        }
    }

    private void SinkFailed(SysResult error)
    {
        bool reset = error.Is(Errno.ECONNRESET) || error.Is(Errno.EPIPE);
        Reset(Http2Error.ConnectError, reset ? CloseReason.AppReset : CloseReason.SendFailed, error.ToString());
    }

    /// <summary>Padding arrived: it counts against the window as data does, and nobody takes it.</summary>
    internal void SkipPadding(int bytes) => Credit(bytes);

    private void Consumed(int bytes)
    {
        BytesReceived += bytes;
        Session.Consumed(bytes);
        Credit(bytes);
    }

    // Credit goes back when the application has the bytes, in halves of the window. A reader that keeps up gets a larger window.
    private void Credit(int bytes)
    {
        _uncredited += bytes;
        if (_uncredited < _windowTarget / 2 || Has(StreamFlags.RemoteEnded | StreamFlags.Lingering) || IsClosed)
        {
            return;
        }

        int credit = _uncredited;
        _uncredited = 0;
        if (_queue.Length == 0 && _windowTarget < _maxWindow)
        {
            int growth = Math.Min(_windowTarget, _maxWindow - _windowTarget);
            if (Session.TryGrowWindow(growth))
            {
                _windowTarget += growth;
                credit += growth;
            }
        }

        ReceiveWindow += credit;
        Session.SendWindowUpdate(Id, credit);
    }

    private bool Has(StreamFlags flag) => (_flags & flag) != StreamFlags.None;

    private void Set(StreamFlags flag, bool value) => _flags = value ? _flags | flag : _flags & ~flag;
}

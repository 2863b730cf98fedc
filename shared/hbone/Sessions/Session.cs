using System.Runtime.ExceptionServices;
using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Sessions;

/// <summary>
/// One HBONE connection: mutual TLS 1.3 and, inside, HTTP/2 for CONNECT only (RFC 9113). Loop-affine.
/// </summary>
/// <remarks>
/// Connecting → Handshaking → Open → Draining → Closing → Closed; any state → Closed. The parts: <c>Handshake</c> gets it open, <c>Input</c>
/// opens records, <c>Frames</c> finds frames in them, <c>Data</c>, <c>Control</c> and <c>Requests</c> act on them; <c>Pumping</c> reads sources, <c>Writing</c>
/// makes frames, <c>Output</c> seals and sends. All state is in fields.
/// </remarks>
public sealed unsafe partial class Session : PollHandler, IReadyItem, IFlushItem
{
    private const int DefaultWindow = 65535;
    private const int MaxStreamId = 0x3fff_fff0;

    private readonly HboneSettings _settings;
    private readonly bool _isClient;
    private readonly Dictionary<int, TunnelStream> _streams = [];
    private readonly SessionTimer _timer;
    private List<TunnelStream>? _unsent;
    private AbuseBudget _budget;
    private int _nextStreamId = 1;
    private int _lastPeerStreamId;
    private int _peerMaxStreams = 100;
    private int _goAwayLastId = int.MaxValue;
    private bool _drainPinged;
    private bool _drainWhenOpen;
    private int _lingering;

    private Session(HboneSettings settings, bool isClient, Handshake handshake, SessionOwner owner)
    {
        _settings = settings;
        _isClient = isClient;
        _handshake = handshake;
        Owner = owner;
        _timer = new SessionTimer(this);
        _decoder = new HpackDecoder(settings.MaxHeaderListSize);
        _prefaceLeft = isClient ? 0 : Preface.Length;
        InitialReceiveWindow = Math.Max(DefaultWindow, Math.Min(settings.InitialStreamWindow, settings.StreamWindow));
    }

    /// <summary>Where it stands.</summary>
    public SessionPhase Phase { get; private set; }

    /// <summary>The verified peer; null before the handshake is done.</summary>
    public PeerCertificate? Peer { get; private set; }

    /// <summary>Our address of the connection.</summary>
    public SocketAddress LocalAddress { get; private set; }

    /// <summary>The peer's address of the connection.</summary>
    public SocketAddress RemoteAddress { get; private set; }

    /// <summary>Streams that live, those that wait for the handshake included.</summary>
    public int ActiveStreams => _streams.Count + (_unsent?.Count ?? 0);

    /// <summary>Whether another stream may be opened (client).</summary>
    public bool CanOpen => Phase <= SessionPhase.Open && !_drainWhenOpen && _nextStreamId < MaxStreamId
        && ActiveStreams < Math.Min(_settings.PoolMaxStreams, Phase == SessionPhase.Open ? _peerMaxStreams : int.MaxValue);

    /// <summary>Anything the owner wants to find again.</summary>
    public object? Tag { get; set; }

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <inheritdoc/>
    bool IFlushItem.IsFlushQueued { get; set; }

    internal SessionOwner Owner { get; }

    internal int InitialReceiveWindow { get; }

    /// <summary>Whether frames come and go.</summary>
    private bool IsOpen => Phase is SessionPhase.Open or SessionPhase.Draining;

    /// <summary>Client: goes on with a socket whose connect was begun. The session owns the descriptor from here on.</summary>
    public static Session Connect(EventLoop.EventLoop loop, HboneSettings settings, TlsContext tls, PeerRequirement peer, int connectingFd, SessionOwner owner)
    {
        Session session = new(settings, isClient: true, Handshake.Client(tls, peer), owner) { Phase = SessionPhase.Connecting };
        session.Start(loop, connectingFd, settings.ConnectTimeout);
        return session;
    }

    /// <summary>Server: takes an accepted socket. The session owns the descriptor from here on.</summary>
    public static Session Accept(EventLoop.EventLoop loop, HboneSettings settings, TlsContext tls, PeerRequirement peer, int fd, SessionOwner owner)
    {
        Session session = new(settings, isClient: false, Handshake.Server(tls, peer), owner) { Phase = SessionPhase.Handshaking };
        SocketIo.LocalAddress(fd, out SocketAddress local);
        SocketIo.PeerAddress(fd, out SocketAddress remote);
        (session.LocalAddress, session.RemoteAddress) = (local, remote);
        session.Start(loop, fd, settings.HandshakeTimeout);
        return session;
    }

    /// <summary>Opens a CONNECT stream; before the handshake is done it waits. The endpoint hears the outcome.</summary>
    public TunnelStream Open(ConnectRequest request, StreamEndpoint endpoint)
    {
        TunnelStream stream = new(this, endpoint, _settings) { Request = request };
        if (Phase is SessionPhase.Connecting or SessionPhase.Handshaking)
        {
            (_unsent ??= []).Add(stream);
        }
        else if (Phase == SessionPhase.Open)
        {
            Begin(stream);
        }
        else
        {
            stream.Close(new StreamClosure(CloseReason.Http2Failure, Http2Error.RefusedStream, false, 0, "the session takes no new streams"));
        }

        return stream;
    }

    /// <summary>
    /// Lets the living streams finish and takes no new ones. A server says GOAWAY in two steps (RFC 9113 section 6.8): streams that were
    /// on their way when it spoke still count as living.
    /// </summary>
    public void Drain()
    {
        if (Phase > SessionPhase.Open)
        {
            return;
        }

        if (Phase != SessionPhase.Open)
        {
            _drainWhenOpen = true;
            AbortIfUnused();
            return;
        }

        Phase = SessionPhase.Draining;
        if (!_isClient)
        {
            _drainPinged = true;
            SendGoAway(int.MaxValue, Http2Error.NoError);
            SendPing(DrainPing);
        }

        Owner.OnClosing(this);
        CloseIfDrained();
    }

    /// <summary>Closes at once; every stream ends with this reason. GOAWAY and close_notify are sent if the socket takes them.</summary>
    public void Abort(CloseReason reason, string detail, Http2Error code = Http2Error.NoError)
    {
        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        bool open = IsOpen;
        Phase = SessionPhase.Closed;
        if (open)
        {
            SayGoodbye(code);
        }

        Loop.Timers.Cancel(_timer);
        CloseDescriptor(reset: false);
        FreeMemory();
        StreamClosure closure = new(reason, code, false, 0, detail);
        Exception? fault = null;
        foreach (TunnelStream stream in TakeStreams())
        {
            try
            {
                stream.End(closure, isError: !stream.RemoteEnded || reason == CloseReason.Revoked);
            }
            catch (Exception e)
            {
                // The others must hear of it all the same: nobody else would ever end them.
                fault ??= e;
            }
        }

        Owner.OnClosed(this, reason, detail);
        if (fault is not null)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception) => Abort(CloseReason.InternalError, exception.Message, Http2Error.InternalError);

    /// <inheritdoc/>
    protected override void OnEvents(PollEvents events)
    {
        if (Phase == SessionPhase.Connecting && !FinishConnect(events))
        {
            return;
        }

        if ((events & PollEvents.Out) != PollEvents.None)
        {
            OnWritable();
        }

        if (Phase != SessionPhase.Closed && (events & (PollEvents.In | PollEvents.Error | PollEvents.HangUp | PollEvents.PeerClosed)) != PollEvents.None)
        {
            _peerClosing |= (events & (PollEvents.Error | PollEvents.HangUp | PollEvents.PeerClosed)) != PollEvents.None;
            ReadInput();
        }
    }

    void IReadyItem.OnReady()
    {
        if (Phase != SessionPhase.Closed)
        {
            ReadInput();
        }
    }

    /// <summary>A stream was answered with 200, by us or by the peer.</summary>
    internal void Answered() => _budget.EarnStream();

    /// <summary>Forgets a stream; with a code also resets it at the peer.</summary>
    internal void Finish(TunnelStream stream, Http2Error? reset)
    {
        if (stream.Id == 0)
        {
            if (_unsent is not null && _unsent.Remove(stream) && Phase != SessionPhase.Closed)
            {
                Owner.OnRoom(this);
                AbortIfUnused();
            }

            return;
        }

        if (!_streams.Remove(stream.Id) || Phase == SessionPhase.Closed)
        {
            return;
        }

        if (reset is { } code)
        {
            SendReset(stream.Id, code);
        }

        Owner.OnRoom(this);
        CloseIfDrained();
    }

    /// <summary>
    /// Whether one more stream that is over may keep its bytes until the application takes them. As many as streams may live: the peer
    /// must not get around that limit.
    /// </summary>
    internal bool TryLinger()
    {
        if (_lingering >= _settings.MaxConcurrentStreams)
        {
            return false;
        }

        _lingering++;
        return true;
    }

    internal void OnLingered() => _lingering--;

    internal void Later(TunnelStream stream) => Loop.RunLater(stream);

    private void CloseIfDrained()
    {
        if (Phase == SessionPhase.Draining && ActiveStreams == 0 && !_drainPinged)
        {
            Leave();
        }
    }

    private void AbortIfUnused()
    {
        if (_drainWhenOpen && Phase < SessionPhase.Open && ActiveStreams == 0)
        {
            Abort(CloseReason.Drained, "drained before the session was open");
        }
    }

    private void Start(EventLoop.EventLoop loop, int fd, TimeSpan limit)
    {
        try
        {
            loop.Register(this, fd, PollEvents.In | PollEvents.Out | PollEvents.PeerClosed);
        }
        catch (LinuxException)
        {
            CloseDescriptor(reset: false);
            FreeMemory();
            Phase = SessionPhase.Closed;
            throw;
        }

        Loop.Timers.Schedule(_timer, Loop.NowMilliseconds + (long)limit.TotalMilliseconds);
    }

    private TunnelStream[] TakeStreams()
    {
        TunnelStream[] streams = [.. _streams.Values, .. _unsent ?? []];
        _streams.Clear();
        _unsent = null;
        _waitingForRoom = null;
        _waitingForWindow = null;
        return streams;
    }

    private bool Spend(int points)
    {
        if (_budget.TrySpend(points, Loop.NowMilliseconds))
        {
            return true;
        }

        Abort(CloseReason.AbuseBudgetExceeded, "the peer did too many odd things in a short time", Http2Error.EnhanceYourCalm);
        return false;
    }
}

using Ambient.EventLoop;
using Ambient.Hbone.Pool;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Headers;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Accepting;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Outbound;
using Ambient.Ztunnel.Passthrough;
using Ambient.Ztunnel.Socks;

namespace Ambient.Ztunnel.Proxying;

/// <summary>One pod on one loop: its listeners, its tunnels, its connections. Loop-affine.</summary>
internal sealed class PodLoop : ISocksOutbound
{
    private readonly List<Listener> _listeners = [];
    private SocksListener? _socks;
    private readonly HashSet<IWorkloadWaiter> _waiters = [];
    private readonly HashSet<InboundConnection> _arriving = [];
    private readonly HashSet<Session> _sessions = [];
    private Workload? _described;
    private string _baggage = "";
    private Action? _drained;
    private bool _stopped;
    private bool _hasWarned;

    public PodLoop(ProxyContext context, ProxyLoop loop, LocalWorkload local, SocketFactory sockets, bool preserveSource)
    {
        Context = context;
        ProxyLoop = loop;
        Local = local;
        Sockets = sockets;
        PreserveSource = preserveSource;
        Pool = new TunnelPool(loop.Loop, context.Options.Hbone, context.Revocations is null ? null : session => WatchRevocation(session, Reporter.Source), CheckDrained);
    }

    public ProxyContext Context { get; }

    public ProxyLoop ProxyLoop { get; }

    public EventLoop.EventLoop Loop => ProxyLoop.Loop;

    /// <summary>Whose pod this is.</summary>
    public LocalWorkload Local { get; }

    /// <summary>Opens sockets in the pod's namespace.</summary>
    public SocketFactory Sockets { get; }

    /// <summary>Whether applications see the caller's address.</summary>
    public bool PreserveSource { get; }

    /// <summary>Tunnels to others.</summary>
    public TunnelPool Pool { get; }

    /// <summary>All connections.</summary>
    public ConnectionTable Connections { get; } = new();

    /// <summary>The present view.</summary>
    public MeshView View => Context.Mesh.Current;

    /// <summary>The pod's workload, when the view knows it.</summary>
    public Workload? FindLocal() => View.FindLocalWorkload(Local);

    /// <summary>The baggage of the pod's own workload; formatted once per version of it.</summary>
    public string BaggageOf(Workload own)
    {
        if (!ReferenceEquals(_described, own))
        {
            _described = own;
            _baggage = Baggage.Format(own);
        }

        return _baggage;
    }

    /// <summary>Starts to accept on the sockets that were opened for this loop.</summary>
    /// <param name="sockets">The sockets.</param>
    /// <param name="names">Resolves names that SOCKS clients ask for; null when the pod has no DNS proxy.</param>
    public void Serve(PodSockets sockets, ISocksNames? names)
    {
        Add(sockets.Inbound, (fd, peer) => Begin(new InboundConnection(this, peer), fd, static (c, f) => c.Begin(f)));
        if (sockets.Passthrough is int passthrough)
        {
            Add(passthrough, (fd, peer) => Begin(new PassthroughConnection(this, peer), fd, static (c, f) => c.Begin(f)));
        }

        if (sockets.Outbound is int outbound)
        {
            Add(outbound, (fd, peer) => Begin(new OutboundConnection(this, peer), fd, static (c, f) => c.Begin(f)));
        }

        if (sockets.Socks is int socks)
        {
            _socks = new SocksListener(socks, this, names, Context.Options.Sockets, new SocksSettings(), Context.Log);
            _socks.Serve(Loop);
        }
    }

    /// <inheritdoc/>
    void ISocksOutbound.Connect(EventLoop.EventLoop loop, int fd, SocketAddress client, SocketAddress target) =>
        Begin(new OutboundConnection(this, client), fd, (c, f) => c.Begin(f, target));

    /// <summary>Ends the session when a revocation list that comes later names its peer; counts it when none ever can (ztunnel.md 2.11).</summary>
    public IDisposable? WatchRevocation(Session session, Reporter reporter)
    {
        if (Context.Revocations is not { } revocations || session.Peer is not { } peer)
        {
            return null;
        }

        IDisposable? watch = revocations.Register(peer.Chain, _ => Loop.Post(EndRevoked, session), null);
        if (watch is null)
        {
            ProxyLoop.Traffic.Metrics.RevocationUntracked(reporter).Increment();
        }

        return watch;
    }

    /// <summary>A connection goes to the application from the pod's own address (ztunnel.md 1.3). Said once: it is the same for all that follow.</summary>
    public void WarnOfLostSource(SysResult error)
    {
        if (!_hasWarned)
        {
            _hasWarned = true;
            Context.Log.Warn("callers' addresses cannot be preserved", LogField.Of("workload", Local.ToString()), LogField.Of("error", error.ToString()));
        }
    }

    public void Wait(IWorkloadWaiter waiter) => _waiters.Add(waiter);

    public void StopWaiting(IWorkloadWaiter waiter) => _waiters.Remove(waiter);

    /// <summary>An accepted socket that has no session yet: it is nowhere else to be found when the pod goes.</summary>
    public void Expect(InboundConnection connection) => _arriving.Add(connection);

    public void NoLongerExpect(InboundConnection connection) => _arriving.Remove(connection);

    public void Track(Session session) => _sessions.Add(session);

    public void Untrack(Session session)
    {
        _sessions.Remove(session);
        CheckDrained();
    }

    /// <summary>The model changed: waiting connections look again, living ones are judged again.</summary>
    public void OnViewChanged(bool policiesChanged)
    {
        if (policiesChanged && Connections.Count > 0 && FindLocal() is { } local)
        {
            Connections.Reevaluate(View.Policies, local);
        }

        foreach (IWorkloadWaiter waiter in _waiters.ToArray())
        {
            waiter.OnViewChanged();
        }
    }

    /// <summary>No new connections; the living ones may finish. Calls back when there are none.</summary>
    public void Drain(Action drained)
    {
        _drained = drained;
        CloseListeners();
        CutArriving("connection closed due to connection drain");
        Pool.Drain();
        foreach (Session session in _sessions.ToArray())
        {
            session.Drain();
        }

        CheckDrained();
    }

    /// <summary>Cuts everything.</summary>
    public void Stop(CloseReason reason, string detail)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        CloseListeners();
        CutArriving(detail);
        Connections.CutAll(reason, detail);
        Pool.AbortAll(reason, detail);
        foreach (Session session in _sessions.ToArray())
        {
            session.Abort(reason, detail);
        }
    }

    /// <summary>A connection ended.</summary>
    public void CheckDrained()
    {
        // A connection may be over while its last bytes are still with the tunnel.
        if (_drained is { } drained && Connections.Count == 0 && _sessions.Count == 0 && Pool.Sessions.Count == 0)
        {
            _drained = null;
            drained();
        }
    }

    private void Add(int fd, AcceptedSocket accepted)
    {
        Listener listener = new(fd, accepted, Context.Descriptors);
        listener.Serve(Loop);
        _listeners.Add(listener);
    }

    /// <summary>Hands over an accepted socket; a connection that throws is ended and not forgotten.</summary>
    private static void Begin<T>(T connection, int fd, Action<T, int> begin)
        where T : ILoopFault
    {
        try
        {
            begin(connection, fd);
        }
        catch (Exception e)
        {
            connection.OnFault(e);
            throw;
        }
    }

    private void CutArriving(string detail)
    {
        foreach (InboundConnection connection in _arriving.ToArray())
        {
            connection.Cut(detail);
        }
    }

    private static void EndRevoked(object? session) => ((Session)session!).Abort(CloseReason.Revoked, "connection closed: peer certificate revoked by CRL");

    private void CloseListeners()
    {
        _socks?.StopNow();
        _socks = null;
        _listeners.ForEach(l => l.Close());
        _listeners.Clear();
    }
}

using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;

namespace Ambient.Hbone.Pool;

/// <summary>
/// The tunnels of one pod on one loop (ztunnel.md 2.8). Streams of one key share a session, also while it is still connecting, so a thundering
/// herd makes one handshake. Loop-affine.
/// </summary>
public sealed class TunnelPool : SessionOwner
{
    private readonly EventLoop.EventLoop _loop;
    private readonly HboneSettings _settings;
    private readonly Func<Session, IDisposable?>? _watch;
    private readonly Action? _closed;
    private readonly Dictionary<PoolKey, List<PooledSession>> _byKey = [];
    private readonly LinkedList<PooledSession> _byUse = new();
    private readonly HashSet<Session> _sessions = [];
    private bool _closing;

    /// <summary>Makes an empty pool.</summary>
    /// <param name="loop">The loop of all its sessions.</param>
    /// <param name="settings">How sessions are made and kept.</param>
    /// <param name="watch">Asked for each session whose peer is known; what it returns is disposed of when the session is gone.</param>
    /// <param name="closed">Told after a session is gone.</param>
    public TunnelPool(EventLoop.EventLoop loop, HboneSettings settings, Func<Session, IDisposable?>? watch = null, Action? closed = null)
    {
        _closed = closed;
        _loop = loop;
        _settings = settings;
        _watch = watch;
    }

    /// <summary>Sessions that may still take streams.</summary>
    public int Count => _byUse.Count;

    /// <summary>All living sessions, those included that only finish their streams.</summary>
    public IReadOnlyCollection<Session> Sessions => _sessions;

    /// <summary>Opens a stream on a session of this key, or on a new one. The endpoint hears the outcome, also of a failed dial.</summary>
    public void Acquire(PoolKey key, ITunnelDialer dialer, ConnectRequest request, StreamEndpoint endpoint)
    {
        _loop.VerifyAccess();
        PooledSession? pooled = _closing ? null : Find(key) ?? Dial(key, dialer, endpoint);
        if (pooled is null)
        {
            if (_closing)
            {
                endpoint.OnClosed(new StreamClosure(CloseReason.Drained, Http2Error.RefusedStream, false, 0, "the proxy is being stopped"));
            }

            return;
        }

        _loop.Timers.Cancel(pooled);
        if (_settings.PoolMaxStreams <= 1)
        {
            Forget(pooled);
        }
        else
        {
            _byUse.Remove(pooled.Node);
            _byUse.AddFirst(pooled.Node);
        }

        pooled.Session!.Open(request, endpoint);
    }

    /// <summary>
    /// Opens a tunnel inside of a stream of this key: double HBONE, through the gateway of another network (ztunnel.md 2.9). The inner session is for this endpoint alone
    /// and ends with it.
    /// </summary>
    /// <param name="key">The gateway.</param>
    /// <param name="dialer">How it is reached.</param>
    /// <param name="outer">What the gateway is asked for.</param>
    /// <param name="expected">Who the far end may be.</param>
    /// <param name="inner">What the far end is asked for.</param>
    /// <param name="endpoint">Hears the outcome of both.</param>
    public void AcquireNested(PoolKey key, ITunnelDialer dialer, ConnectRequest outer, IdentitySet expected, ConnectRequest inner, StreamEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(dialer);
        _loop.VerifyAccess();
        if (InnerTunnel.Open(_loop, _settings, dialer.Context, expected, _watch, inner, endpoint) is { } carried)
        {
            Acquire(key, dialer, outer, carried);
        }
    }

    /// <summary>Takes no more streams; sessions close when their streams have ended.</summary>
    public void Drain()
    {
        _closing = true;
        foreach (Session session in _sessions.ToArray())
        {
            session.Drain();
        }
    }

    /// <summary>Cuts everything.</summary>
    public void AbortAll(CloseReason reason, string detail)
    {
        _closing = true;
        foreach (Session session in _sessions.ToArray())
        {
            session.Abort(reason, detail);
        }
    }

    /// <inheritdoc/>
    public override void OnEstablished(Session session) => ((PooledSession)session.Tag!).Watch = _watch?.Invoke(session);

    /// <inheritdoc/>
    public override void OnRoom(Session session)
    {
        if (session.ActiveStreams > 0 || session.Tag is not PooledSession pooled)
        {
            return;
        }

        if (pooled.IsForgotten)
        {
            session.Drain();
        }
        else
        {
            _loop.Timers.Schedule(pooled, _loop.NowMilliseconds + (long)_settings.PoolIdle.TotalMilliseconds);
        }
    }

    /// <inheritdoc/>
    public override void OnClosing(Session session) => Forget((PooledSession)session.Tag!);

    /// <inheritdoc/>
    public override void OnClosed(Session session, CloseReason reason, string detail)
    {
        PooledSession pooled = (PooledSession)session.Tag!;
        _loop.Timers.Cancel(pooled);
        Forget(pooled);
        pooled.Watch?.Dispose();
        _sessions.Remove(session);
        _closed?.Invoke();
    }

    /// <summary>An idle session's time is over.</summary>
    internal static void Expire(PooledSession pooled) => pooled.Session!.Drain();

    private PooledSession? Find(in PoolKey key)
    {
        if (_byKey.TryGetValue(key, out List<PooledSession>? sessions))
        {
            foreach (PooledSession pooled in sessions)
            {
                if (pooled.Session!.CanOpen)
                {
                    return pooled;
                }
            }
        }

        return null;
    }

    private PooledSession? Dial(in PoolKey key, ITunnelDialer dialer, StreamEndpoint endpoint)
    {
        PooledSession pooled = new(key);
        SysResult socket = dialer.OpenSocket(key);
        if (!socket.IsError)
        {
            try
            {
                pooled.Session = Session.Connect(_loop, _settings, dialer.Context, dialer.Peer, (int)socket.Value, this);
            }
            catch (LinuxException unwatched)
            {
                socket = SysResult.Failure(unwatched.Errno);
            }
        }

        if (pooled.Session is null)
        {
            bool exhausted = socket.Is(Errno.EMFILE) || socket.Is(Errno.ENFILE) || socket.Is(Errno.ENOBUFS) || socket.Is(Errno.ENOMEM);
            endpoint.OnClosed(new StreamClosure(exhausted ? CloseReason.OutOfResources : CloseReason.ConnectFailed, Http2Error.ConnectError, false, 0, $"io error: {socket}"));
            return null;
        }

        pooled.Session.Tag = pooled;
        _sessions.Add(pooled.Session);
        if (!_byKey.TryGetValue(key, out List<PooledSession>? sessions))
        {
            _byKey[key] = sessions = [];
        }

        sessions.Add(pooled);
        _byUse.AddFirst(pooled.Node);
        if (_byUse.Count > _settings.PoolCapacity)
        {
            PooledSession oldest = _byUse.Last!.Value;
            Forget(oldest);
            if (oldest.Session!.ActiveStreams == 0)
            {
                oldest.Session.Drain();
            }
        }

        return pooled;
    }

    private void Forget(PooledSession pooled)
    {
        if (pooled.IsForgotten)
        {
            return;
        }

        pooled.IsForgotten = true;
        _byUse.Remove(pooled.Node);
        List<PooledSession> sessions = _byKey[pooled.Key];
        sessions.Remove(pooled);
        if (sessions.Count == 0)
        {
            _byKey.Remove(pooled.Key);
        }
    }
}

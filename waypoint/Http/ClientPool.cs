using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Http;

/// <summary>
/// The HTTP/1.1 connections of one loop to one endpoint of one destination. The one used last is used next, so that the others may go. Requests wait in order when there
/// are as many connections as there may be. Loop-affine.
/// </summary>
internal sealed class ClientPool(UpstreamDialer dialer, DestinationState destination, EndpointKey key, ProxyPreface? preface, EventLoop.EventLoop loop, TlsUse? tls = null) : IEndpointPool
{
    private const int MaxIdle = 256;

    private readonly List<Http1Client> _idle = [];
    private readonly LinkedList<WaitingRequest> _waiting = [];
    private IdleWatch? _watch;
    private PoolLimits _limits;
    private int _connections;
    private bool _isClosed;
    private bool _isServing;

    private long IdleMilliseconds => _limits.IdleMilliseconds > 0 ? _limits.IdleMilliseconds : WaitingTimes.IdleServer;

    /// <inheritdoc/>
    public IEndpointRequest? Take(in PoolLimits limits)
    {
        bool isOther = limits.IdleMilliseconds != _limits.IdleMilliseconds;
        _limits = limits;
        if (isOther)
        {
            WatchIdle();
        }

        if (TakeIdle() is { } kept)
        {
            return kept;
        }

        // A request whose connection is being made waits as well.
        if (!destination.TryWait(limits.Pending))
        {
            return null;
        }

        try
        {
            if (TryOpen(isFirst: _connections == 0 && Name?.IsFirst != false && destination.MayForce) is { } client)
            {
                return client;
            }
        }
        catch
        {
            destination.EndWait();
            throw;
        }

        if (_connections > 0)
        {
            return new WaitingRequest(this);
        }

        // Connections of other names take all the room: nobody would wake it.
        destination.EndWait();
        return null;
    }

    /// <summary>The server name, if a client has chosen it.</summary>
    public ChosenName? Name { get; init; }

    /// <inheritdoc/>
    public bool IsIdle => _connections > 0 && _idle.Count == _connections && _waiting.Count == 0;

    /// <summary>Begins to connect.</summary>
    public void Dial(Http1Client client, Pipe pipe)
    {
        if (_limits.ConnectMilliseconds > 0)
        {
            client.Limit = new ConnectLimit(client.OnConnectTimeout);
            pipe.Loop.Timers.Schedule(client.Limit, loop.NowMilliseconds + _limits.ConnectMilliseconds);
        }

        dialer.DialSecure(key, pipe);
    }

    /// <inheritdoc/>
    public bool IsEmpty => _connections == 0 && _waiting.Count == 0;

    /// <summary>Lets go of those that have waited too long.</summary>
    public void Sweep()
    {
        // Those at the front have waited longest.
        while (_idle.Count > 0 && loop.NowMilliseconds - _idle[0].IdleSince >= IdleMilliseconds)
        {
            Http1Client oldest = _idle[0];
            _idle.RemoveAt(0);
            oldest.Abandon("idle for too long");
        }

        WatchIdle();
    }

    /// <inheritdoc/>
    public void Close()
    {
        _isClosed = true;
        _watch?.Stop();
        while (_idle.Count > 0)
        {
            Http1Client last = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            last.Abandon("its client is gone");
        }
    }

    /// <summary>Puts a request into the queue.</summary>
    public void Wait(WaitingRequest request) => _waiting.AddLast(request);

    /// <summary>A request that still waits is given up.</summary>
    public void Leave(WaitingRequest request)
    {
        if (_waiting.Remove(request))
        {
            destination.EndWait();
        }
    }

    /// <summary>A new connection is there, or will never be.</summary>
    public void OnDialled(Http1Client client)
    {
        if (client.IsCountedAsWaiting)
        {
            client.IsCountedAsWaiting = false;
            destination.EndWait();
        }

        client.CancelLimit();
    }

    /// <summary>Takes a connection back.</summary>
    public void Release(Http1Client client)
    {
        client.IdleSince = loop.NowMilliseconds;
        if (_isClosed || _idle.Count >= MaxIdle || !MayBeUsedAgain(client))
        {
            client.Abandon("not used further");
            return;
        }

        if (_waiting.First is { } first)
        {
            _waiting.RemoveFirst();
            destination.EndWait();
            first.Value.Use(client);
            return;
        }

        _idle.Add(client);
        WatchIdle();
    }

    /// <summary>A connection is gone.</summary>
    public void Forget(Http1Client client)
    {
        OnDialled(client);
        _idle.Remove(client);
        _connections--;
        destination.Disconnect();
        ServeWaiting();
    }

    // A connection that fails while it is begun is forgotten in here: its place goes to the next in the same loop, for the stack would not hold all who may wait.
    private void ServeWaiting()
    {
        if (_isServing)
        {
            return;
        }

        _isServing = true;
        while (_waiting.First is { } first && TryServe(first.Value))
        {
        }

        _isServing = false;
    }

    // A defect in one costs that one: those behind it have nobody else who would wake them.
    private bool TryServe(WaitingRequest first)
    {
        try
        {
            if (TryOpen(isFirst: _connections == 0) is not { } next)
            {
                return false;
            }

            _waiting.RemoveFirst();
            first.Use(next);
        }
        catch (Exception defect)
        {
            loop.EndAtFault(first, defect);
        }

        return true;
    }

    private void WatchIdle()
    {
        if (_idle.Count > 0)
        {
            (_watch ??= new IdleWatch(loop.Timers, Sweep)).Due(_idle[0].IdleSince + IdleMilliseconds);
        }
    }

    private Http1Client? TakeIdle()
    {
        while (_idle.Count > 0)
        {
            Http1Client kept = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            if (MayBeUsedAgain(kept) && loop.NowMilliseconds - kept.IdleSince < IdleMilliseconds)
            {
                return kept;
            }

            kept.Abandon("idle for too long");
        }

        return null;
    }

    private bool MayBeUsedAgain(Http1Client client) =>
        (_limits.Requests == 0 || client.Requests < _limits.Requests) && (_limits.LifeMilliseconds == 0 || loop.NowMilliseconds - client.Begun < _limits.LifeMilliseconds);

    // Without any connection nobody would ever wake those who wait: one there may always be.
    private Http1Client? TryOpen(bool isFirst)
    {
        while (!destination.TryConnect(_limits.Connections, isForced: isFirst))
        {
            if (_connections > 0 || Name?.TryMakeRoom() != true)
            {
                return null;
            }

            isFirst = Name.IsFirst;
        }

        Http1Client client = new(this) { IsCountedAsWaiting = true, Begun = loop.NowMilliseconds };
        try
        {
            client.Use(dialer.NewSecurePipe(key, client, preface, tls, "http/1.1"));
        }
        catch
        {
            // What has no pipe is never gone.
            destination.Disconnect();
            throw;
        }

        _connections++;
        return client;
    }
}

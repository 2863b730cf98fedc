using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Http2;

/// <summary>The HTTP/2 connections of one loop to one endpoint: the first that has room is used, so that the others may go. Loop-affine.</summary>
internal sealed class Http2Pool(UpstreamDialer dialer, DestinationState destination, EndpointKey key, ProxyPreface? preface, EventLoop.EventLoop loop, TlsUse? tls = null) : IEndpointPool
{
    private readonly List<Http2Client> _clients = [];
    private IdleWatch? _watch;
    private long _connectMilliseconds;
    private long _idleMilliseconds = WaitingTimes.IdleServer;

    /// <summary>The server name, if a client has chosen it.</summary>
    public ChosenName? Name { get; init; }

    /// <inheritdoc/>
    public bool IsIdle => _clients.Count > 0 && _clients.TrueForAll(static client => client.ActiveStreams == 0 && client.WaitingStreams == 0);

    /// <inheritdoc/>
    public bool IsEmpty => _clients.Count == 0;

    /// <inheritdoc/>
    public IEndpointRequest? Take(in PoolLimits limits)
    {
        long idle = limits.IdleMilliseconds > 0 ? limits.IdleMilliseconds : WaitingTimes.IdleServer;
        if (idle != _idleMilliseconds)
        {
            _idleMilliseconds = idle;
            WatchIdle();
        }

        bool isOldThere = false;
        foreach (Http2Client kept in _clients)
        {
            isOldThere |= IsOld(kept);
            if (kept.CanOpen && !IsOld(kept) && (limits.Requests <= 0 || kept.Requests < limits.Requests))
            {
                return new Http2ClientStream(kept);
            }
        }

        if (isOldThere)
        {
            // They make room for the next one.
            Sweep();
        }

        // Requests do not wait here: without a connection that has room, and without room for another, there are too many.
        while (!destination.TryConnect(limits.Connections, isForced: _clients.Count == 0 && Name?.IsFirst != false && destination.MayForce))
        {
            if (_clients.Count > 0 || Name?.TryMakeRoom() != true)
            {
                return null;
            }
        }

        _connectMilliseconds = limits.ConnectMilliseconds;

        Http2Client client = new(this, loop);
        try
        {
            client.Use(dialer.NewSecurePipe(key, client, preface, tls, "h2"));
        }
        catch
        {
            // What has no pipe is never gone.
            destination.Disconnect();
            throw;
        }

        _clients.Add(client);
        return new Http2ClientStream(client);
    }

    /// <summary>Begins to connect.</summary>
    public void Dial(Http2Client client, Pipe pipe)
    {
        if (_connectMilliseconds > 0)
        {
            client.Limit = new ConnectLimit(client.OnConnectTimeout);
            loop.Timers.Schedule(client.Limit, loop.NowMilliseconds + _connectMilliseconds);
        }

        dialer.DialSecure(key, pipe);
    }

    /// <summary>A connection has nothing to do any more.</summary>
    public void OnIdle(Http2Client client) => (_watch ??= new IdleWatch(loop.Timers, Sweep)).Due(client.IdleSince + _idleMilliseconds);

    /// <inheritdoc/>
    public void Close()
    {
        _watch?.Stop();
        foreach (Http2Client client in _clients.ToArray())
        {
            Forget(client);
            client.Drain();
        }
    }

    /// <summary>A connection takes no more requests, or is gone.</summary>
    public void Forget(Http2Client client)
    {
        if (_clients.Remove(client))
        {
            destination.Disconnect();
        }
    }

    private bool IsOld(Http2Client client) => client.IsIdle && loop.NowMilliseconds - client.IdleSince >= _idleMilliseconds;

    private void Sweep()
    {
        foreach (Http2Client client in _clients.ToArray())
        {
            if (IsOld(client))
            {
                Forget(client);
                client.Drain();
            }
        }

        WatchIdle();
    }

    private void WatchIdle()
    {
        foreach (Http2Client client in _clients)
        {
            client.TellIfIdle();
        }
    }
}

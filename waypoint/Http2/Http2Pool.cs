using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Http2;

/// <summary>The HTTP/2 connections of one loop to one endpoint: the first that has room is used, so that the others may go. Loop-affine.</summary>
internal sealed class Http2Pool(UpstreamDialer dialer, DestinationState destination, EndpointKey key, ProxyPreface? preface, EventLoop.EventLoop loop) : IEndpointPool
{
    private const long IdleMilliseconds = 60_000;

    private readonly List<Http2Client> _clients = [];

    /// <inheritdoc/>
    public bool IsEmpty => _clients.Count == 0;

    /// <inheritdoc/>
    public IEndpointRequest? Take(in PoolLimits limits)
    {
        foreach (Http2Client kept in _clients)
        {
            if (kept.CanOpen && (limits.Requests <= 0 || kept.Requests < limits.Requests))
            {
                return new Http2ClientStream(kept);
            }
        }

        // Requests do not wait here: without a connection that has room, and without room for another, there are too many.
        if (!destination.TryConnect(limits.Connections, isForced: _clients.Count == 0))
        {
            return null;
        }

        Http2Client client = new(this, loop);
        client.Use(dialer.NewPipe(key, client, preface));
        _clients.Add(client);
        return new Http2ClientStream(client);
    }

    /// <summary>Begins to connect.</summary>
    public void Dial(Pipe pipe) => dialer.Dial(key, pipe);

    /// <inheritdoc/>
    public void Sweep()
    {
        foreach (Http2Client client in _clients.ToArray())
        {
            if (client.ActiveStreams == 0 && client.WaitingStreams == 0 && loop.NowMilliseconds - client.IdleSince > IdleMilliseconds)
            {
                client.Drain();
            }
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        foreach (Http2Client client in _clients.ToArray())
        {
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
}

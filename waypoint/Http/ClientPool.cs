using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Http;

/// <summary>The HTTP connections of one loop to one endpoint. The one used last is used next, so that the others may go. Loop-affine.</summary>
internal sealed class ClientPool(UpstreamDialer dialer, EndpointKey key, ProxyPreface? preface) : IEndpointPool
{
    private const long IdleMilliseconds = 60_000;
    private const int MaxIdle = 256;

    private readonly List<Http1Client> _idle = [];

    /// <summary>A connection for one request, kept or new.</summary>
    public IEndpointRequest Take(int maxRequests)
    {
        while (_idle.Count > 0)
        {
            Http1Client kept = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            if ((maxRequests > 0 && kept.Requests >= maxRequests) || dialer.NowMilliseconds - kept.IdleSince > IdleMilliseconds)
            {
                kept.Abandon("idle for too long");
                continue;
            }

            return kept;
        }

        Http1Client client = new(this);
        client.Use(dialer.NewPipe(key, client, preface));
        return client;
    }

    /// <summary>Begins to connect.</summary>
    public void Dial(Pipe pipe) => dialer.Dial(key, pipe);

    /// <inheritdoc/>
    public bool IsEmpty => _idle.Count == 0;

    /// <summary>Lets go of those that have waited too long.</summary>
    public void Sweep()
    {
        // Those at the front have waited longest.
        while (_idle.Count > 0 && dialer.NowMilliseconds - _idle[0].IdleSince > IdleMilliseconds)
        {
            Http1Client oldest = _idle[0];
            _idle.RemoveAt(0);
            oldest.Abandon("idle for too long");
        }
    }

    /// <summary>Takes a connection back.</summary>
    public void Release(Http1Client client)
    {
        client.IdleSince = dialer.NowMilliseconds;
        if (_idle.Count >= MaxIdle)
        {
            client.Abandon("too many idle connections");
            return;
        }

        _idle.Add(client);
    }

    /// <summary>A connection is gone.</summary>
    public void Forget(Http1Client client) => _idle.Remove(client);
}

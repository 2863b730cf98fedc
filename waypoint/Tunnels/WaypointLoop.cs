using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Plans;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Tunnels;

/// <summary>What belongs to one event loop: its tunnels in both directions and its connections to endpoints. Loop-affine.</summary>
internal sealed class WaypointLoop
{
    private readonly WaypointShared _shared;
    private readonly Dictionary<PoolOf, IEndpointPool> _pools = [];

    public WaypointLoop(EventLoop.EventLoop loop, int index, WaypointShared shared)
    {
        Loop = loop;
        Index = index;
        _shared = shared;
        Dialer = new UpstreamDialer(this);
        Metrics = new LoopMetrics(this, shared.Metrics);
        AccessLog = new AccessLog(shared.Log);
    }

    public EventLoop.EventLoop Loop { get; }

    /// <summary>Which of the loops it is, from 0.</summary>
    public int Index { get; }

    /// <summary>Who connects to endpoints; tests bring their own, before anything is dialled.</summary>
    public UpstreamDialer Dialer { get; set; }

    public HashSet<TunnelConnection> Connections { get; } = [];

    /// <summary>Connections that came without a tunnel.</summary>
    public HashSet<InboundTunnel> Plain { get; } = [];

    /// <summary>What its requests may keep of bodies.</summary>
    public ByteBudget Kept { get; } = new(ByteBudget.PerLoop);

    /// <summary>Copies of requests that are under way.</summary>
    public int Mirrors { get; set; }

    public Random Random { get; } = new(Random.Shared.Next());

    public WaypointOptions Options => _shared.Options;

    public SpiffeId Identity => _shared.Options.Identity;

    public TimeProvider Clock => _shared.Clock;

    public MeshView View => _shared.Mesh.Current;

    public WaypointConfiguration Configuration => _shared.Configuration;

    public DestinationTable Destinations => _shared.Destinations;

    public LoopMetrics Metrics { get; }

    public AccessLog AccessLog { get; }

    public ObservationPlan Observation => _shared.Observation;

    /// <summary>The own certificate; null before there is one.</summary>
    public TlsContext? Tls => _shared.Tls;

    public bool IsDraining { get; private set; }

    /// <summary>Begins what goes on for ever; on the loop.</summary>
    public void Start()
    {
        new PoolSweeper(this).Schedule();
        Metrics.Start();
    }

    /// <summary>Lets go of idle connections, and of endpoints that are gone.</summary>
    public void SweepPools()
    {
        foreach ((PoolOf key, IEndpointPool pool) in _pools.ToArray())
        {
            pool.Sweep();
            if (pool.IsEmpty)
            {
                // Connections that are busy keep their pool; the next request makes another.
                _pools.Remove(key);
            }
        }
    }

    /// <summary>The connections to one endpoint of one destination; those that begin with a client's address are for that client.</summary>
    public IEndpointPool ClientsOf(in PoolOf key)
    {
        if (!_pools.TryGetValue(key, out IEndpointPool? pool))
        {
            _pools[key] = pool = key.IsHttp2 ? new Http2Pool(Dialer, key.Destination, key.Endpoint, key.Preface, Loop) : new ClientPool(Dialer, key.Destination, key.Endpoint, key.Preface);
        }

        return pool;
    }

    /// <summary>Nobody is left whom these connections are for.</summary>
    public void Drop(in PoolOf key)
    {
        if (_pools.Remove(key, out IEndpointPool? pool))
        {
            pool.Close();
        }
    }

    /// <summary>No new work; what is under way may finish.</summary>
    public void Drain()
    {
        IsDraining = true;
        foreach (TunnelConnection connection in Connections.ToArray())
        {
            connection.Drain();
        }

        foreach (InboundTunnel plain in Plain.ToArray())
        {
            plain.Drain();
        }
    }
}

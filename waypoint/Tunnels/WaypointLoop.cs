using Ambient.EventLoop;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Discovery;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Limits;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Plans;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Tunnels;

/// <summary>What belongs to one event loop: its tunnels in both directions and its connections to endpoints. Loop-affine.</summary>
internal sealed class WaypointLoop
{
    private readonly WaypointShared _shared;
    private readonly Dictionary<PoolOf, IEndpointPool> _pools = [];
    private readonly ChosenNames _chosen;
    private Action? _emptied;

    public WaypointLoop(EventLoop.EventLoop loop, int index, WaypointShared shared)
    {
        Loop = loop;
        Index = index;
        _shared = shared;
        Dialer = new UpstreamDialer(this);
        Metrics = new LoopMetrics(this, shared.Metrics);
        AccessLog = new AccessLog(shared.Log);
        Edges = new EdgeLoop(this);
        Callers = new Callers(this);
        _chosen = new ChosenNames(key => Drop(key));
        Early = new EarlyCallers(this);
    }

    public EventLoop.EventLoop Loop { get; }

    /// <summary>Which of the loops it is, from 0.</summary>
    public int Index { get; }

    /// <summary>Who connects to endpoints; tests bring their own, before anything is dialled.</summary>
    public UpstreamDialer Dialer { get; set; }

    public HashSet<TunnelConnection> Connections { get; } = [];

    /// <summary>Connections that came without a tunnel.</summary>
    public HashSet<InboundTunnel> Plain { get; } = [];

    /// <summary>Connections to TLS ports whose handshake is not done.</summary>
    public HashSet<EdgeArrival> Arrivals { get; } = [];

    /// <summary>Connections that the own pod's ztunnel hands on, of which it is not known yet who calls whom.</summary>
    public HashSet<CapturedArrival> Handed { get; } = [];

    /// <summary>What there is to know of connections from outside the mesh.</summary>
    public EdgeLoop Edges { get; }

    /// <summary>Callers of what is not served yet.</summary>
    public EarlyCallers Early { get; }

    /// <summary>What its requests may keep of bodies.</summary>
    public ByteBudget Kept { get; } = new(ByteBudget.PerLoop);

    /// <summary>Tries that are over, for the next ones.</summary>
    public Stack<Attempt> SpareAttempts { get; } = [];

    /// <summary>Copies of requests that are under way.</summary>
    public int Mirrors { get; set; }

    public Random Random { get; } = new(Random.Shared.Next());

    public WaypointOptions Options => _shared.Options;

    public SpiffeId Identity => _shared.Options.Identity;

    /// <summary>Where it runs.</summary>
    public OwnPlace Place => _shared.Place;

    /// <summary>The port on loopback of a captured waypoint, whose ztunnel tunnels for it; 0: it is none.</summary>
    public ushort CapturedPort => _shared.CapturedPort;

    /// <inheritdoc cref="WaypointShared.IsCaptured"/>
    public bool IsCaptured => _shared.IsCaptured;

    public TimeProvider Clock => _shared.Clock;

    public MeshView View => _shared.Mesh.Current;

    /// <inheritdoc cref="WaypointShared.Addresses"/>
    public AddressBook? Addresses => _shared.Addresses;

    /// <summary>Who calls.</summary>
    public Callers Callers { get; }

    public WaypointConfiguration Configuration => _shared.Configuration;

    public DestinationTable Destinations => _shared.Destinations;

    public LoopMetrics Metrics { get; }

    public AccessLog AccessLog { get; }

    /// <summary>What policies on trial would have said.</summary>
    public DryRunMetrics DryRun => _shared.Metrics.DryRun;

    /// <summary>Copies of requests that were lost.</summary>
    public LostMirrors LostMirrors => _shared.Metrics.LostMirrors;

    /// <inheritdoc cref="WaypointShared.LimitTime"/>
    public long LimitTime => _shared.LimitTime;

    /// <summary>Where the request that is judged just now notes its tokens.</summary>
    public TakenTokens Tokens { get; } = new();

    public ObservationPlan Observation => _shared.Observation;

    /// <summary>The own certificate; null before there is one.</summary>
    public TlsContext? Tls => _shared.Tls;

    /// <summary>How connections to endpoints are encrypted.</summary>
    public EndpointTlsTable EndpointTls => _shared.EndpointTls;

    public bool IsDraining { get; private set; }

    /// <summary>Begins what goes on for ever; on the loop.</summary>
    public void Start()
    {
        new PoolSweeper(this).Schedule();
        Metrics.Start();
        Edges.Start();
        Callers.Start();
    }

    /// <summary>Lets go of pools without connections: their endpoints may be gone.</summary>
    public void SweepPools()
    {
        foreach ((PoolOf key, IEndpointPool pool) in _pools.ToArray())
        {
            if (pool.IsEmpty)
            {
                // Connections that are busy keep their pool; the next request makes another.
                _pools.Remove(key);
                _chosen.Forget(key);
            }
        }
    }

    /// <summary>The connections to one endpoint of one destination; those that begin with a client's address are for that client.</summary>
    public IEndpointPool ClientsOf(in PoolOf key)
    {
        if (!_pools.TryGetValue(key, out IEndpointPool? pool))
        {
            ChosenName? name = key.Tls is { IsChosen: true } ? new ChosenName(_chosen, key) : null;
            _pools[key] = pool = key.IsHttp2 ? new Http2Pool(Dialer, key.Destination, key.Endpoint, key.Preface, Loop, key.Tls) { Name = name }
                : new ClientPool(Dialer, key.Destination, key.Endpoint, key.Preface, Loop, key.Tls) { Name = name };
        }

        if (key.Tls is { IsChosen: true })
        {
            _chosen.Use(key, pool);
        }

        return pool;
    }

    /// <summary>Nobody is left whom these connections are for.</summary>
    public void Drop(in PoolOf key)
    {
        if (_pools.Remove(key, out IEndpointPool? pool))
        {
            _chosen.Forget(key);
            pool.Close();
        }
    }

    /// <summary>No new work; what is under way may finish.</summary>
    /// <param name="emptied">Told once, when no connection is left.</param>
    public void Drain(Action emptied)
    {
        IsDraining = true;
        _emptied = emptied;
        Edges.Drain();
        foreach (TunnelConnection connection in Connections.ToArray())
        {
            connection.Drain();
        }

        TellAll(Plain, static plain => plain.Drain());
        OnConnectionGone();
    }

    /// <summary>Connections that are open meet the policies of the newest configuration.</summary>
    public void Judge() => TellAll(Connections.SelectMany(static connection => connection.Tunnels).Concat(Plain), static tunnel => tunnel.Judge());

    /// <summary>Tells connections something. A defect in one ends that one; those behind it must hear of it all the same, else they keep what a new policy denies.</summary>
    public void TellAll<T>(IEnumerable<T> connections, Action<T> tell)
        where T : class, ILoopFault
    {
        foreach (T connection in connections.ToArray())
        {
            try
            {
                tell(connection);
            }
            catch (Exception defect)
            {
                Loop.EndAtFault(connection, defect);
            }
        }
    }

    /// <summary>A connection is gone, perhaps the last one.</summary>
    public void OnConnectionGone()
    {
        if (IsDraining && Connections.Count == 0 && Plain.Count == 0 && Handed.Count == 0)
        {
            Action? emptied = _emptied;
            _emptied = null;
            emptied?.Invoke();
        }
    }
}

using System.Collections.Immutable;
using Ambient.EventLoop;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Limits;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Settings;
using Ambient.Waypoint.Tcp;
using Ambient.Waypoint.Tests.Http2;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>One loop of a waypoint that serves <c>cart</c>, with clients and endpoints that are pipes of the test. Nothing else can be connected to: it fails at once.</summary>
internal sealed class LocalWaypoint : IDisposable
{
    private static readonly NamespacedHostname Cart = new("bench", "cart.bench.svc.cluster.local");
    private static readonly IpPort Target = IpPort.Parse("10.96.0.1:80");

    private readonly EventLoop.EventLoop _loop;
    private readonly LogHub _logs = LogHub.Discarding();
    private readonly HashSet<InboundTunnel> _tunnels = [];
    private readonly List<TcpRelay> _relays = [];
    private readonly WaypointShared _shared;
    private readonly Action<PortRoutes>? _editPort;

    /// <param name="edit">What is special about the only route.</param>
    /// <param name="policy">How endpoints are reached.</param>
    /// <param name="time">The loop's time.</param>
    /// <param name="editPort">What is special about the only port.</param>
    public LocalWaypoint(Action<HttpAction>? edit = null, TrafficPolicy? policy = null, TimeProvider? time = null, Action<PortRoutes>? editPort = null)
    {
        _loop = new EventLoop.EventLoop("local", new EventLoopOptions { TimeProvider = time ?? TimeProvider.System });
        _editPort = editPort;
        MetricRegistry metrics = Metrics;
        MeshState mesh = new();
        MeshBatch batch = new();
        batch.Services.Add(new Service(new ServiceSpec { Name = "cart", Namespace = Cart.Namespace, Hostname = Cart.Hostname, Ports = PortMap.Of((80, 8080)) }));
        batch.Workloads.Add(new Workload(new WorkloadSpec
        {
            Uid = "uid",
            Name = "cart-1",
            Namespace = "bench",
            Addresses = { IpAddress.Parse("10.0.0.1") },
            Protocol = TunnelProtocol.Hbone,
            Services = { new ServiceMembership(Cart, PortMap.Of((80, 8080))) },
        }));
        mesh.Apply(batch);
        WaypointOptions options = new() { Identity = new SpiffeId("cluster.local", "bench", "waypoint") };
        Logger log = _logs.For("waypoint");
        _shared = new WaypointShared
        {
            Options = options,
            Mesh = mesh,
            Clock = TimeProvider.System,
            Metrics = new RequestMetrics(metrics),
            Exporters = new Exporters(options, metrics, log, TimeProvider.System),
            Log = log,
        };
        Configure(edit, policy);
        Loop = new WaypointLoop(_loop, 0, _shared);
        Loop.Dialer = Dialer = new LocalDialer(Loop);
        _loop.RunOnce(0);
    }

    public WaypointLoop Loop { get; }

    /// <summary>What all loops share.</summary>
    public WaypointShared Shared => _shared;

    public LocalDialer Dialer { get; }

    /// <summary>What it counts.</summary>
    public MetricRegistry Metrics { get; } = new();

    /// <summary>What is known of the only destination.</summary>
    public DestinationState Destination => Loop.Destinations.Get(Cart, 80, "");

    /// <summary>Its only endpoint.</summary>
    public Candidate Endpoint
    {
        get
        {
            Assert.True(Destination.TryGet(Loop.View, Loop.Configuration.FindDestination(Cart), out _, out Candidate[] candidates));
            return candidates[0];
        }
    }

    /// <summary>Puts another configuration in force.</summary>
    public void Configure(Action<HttpAction>? edit = null, TrafficPolicy? policy = null, AccessPolicy[]? access = null, PortProtocol protocol = PortProtocol.Http, WaypointSettings? settings = null, LimitProgram? limits = null)
    {
        HttpAction action = new() { Targets = { new WeightedTarget { Weight = 1, Destination = new Destination { Namespace = Cart.Namespace, Hostname = Cart.Hostname, Port = 80 } } } };
        edit?.Invoke(action);
        PortRoutes port = new() { Port = 80, Protocol = protocol, Http = { new HttpRoute { Name = "only", Match = new HttpMatch() } }, HttpActions = { action }, Tcp = { new TcpRoute { Name = "only", Targets = { action.Targets } } } };
        _editPort?.Invoke(port);
        Assert.True(PortTable.TryCompile(port, out PortTable? table, out string? error), error);
        ServedPort served = new(table, new AccessProgram(access ?? [], new AccessContext(["cluster.local"], IsHttp: true)), new AccessProgram(access ?? [], new AccessContext(["cluster.local"], IsHttp: false)), new TokenProgram([])) { Service = Cart, Limits = limits ?? LimitProgram.Empty };
        WaypointConfiguration configuration = WaypointConfiguration.Empty with { Services = ImmutableDictionary<NamespacedHostname, ServedService>.Empty.Add(Cart, new ServedService([served])) };
        if (policy is not null)
        {
            DestinationSettings reached = new() { Namespace = Cart.Namespace, Hostname = Cart.Hostname, Policies = { new ScopedPolicy { Policy = policy } } };
            configuration = configuration with { Destinations = ImmutableDictionary<NamespacedHostname, DestinationSettings>.Empty.Add(Cart, _shared.EndpointTls.Take(reached)) };
        }

        _shared.Configuration = settings is null ? configuration : configuration with { Settings = settings };
    }

    /// <summary>A client's connection.</summary>
    public HeldPipe Connect() => Connect(Loop.Configuration.Find(Cart, 80)!, Target, null);

    /// <summary>A client's connection to a pod's own address.</summary>
    public HeldPipe Connect(IpPort address, string uid) => Connect(Loop.Configuration.Workloads, address, new DialledWorkload(uid, address));

    /// <summary>A client's connection in HTTP/2, its preface sent.</summary>
    public Http2Talk ConnectHttp2()
    {
        HeldPipe pipe = new() { Owner = null!, Loop = _loop };
        pipe.Owner = new Http2Server(Tunnel(Loop.Configuration.Find(Cart, 80)!, Target, null), pipe);
        Http2Talk talk = new(pipe);
        talk.Say(Wire.Preface);
        return talk;
    }

    /// <summary>A client's connection that is not HTTP.</summary>
    public HeldPipe ConnectTcp()
    {
        InboundTunnel tunnel = Tunnel(Loop.Configuration.Find(Cart, 80)!, Target, null);
        HeldPipe pipe = new() { Owner = null!, Loop = _loop };
        TcpRelay relay = new(tunnel, pipe);
        _relays.Add(relay);
        pipe.Owner = relay;
        relay.Begin();
        return pipe;
    }

    /// <summary>A client's connection whose bytes tell what it is.</summary>
    public HeldPipe ConnectRaw(HashSet<InboundTunnel>? siblings = null)
    {
        HeldPipe pipe = new() { Owner = null!, Loop = _loop };
        InboundTunnel tunnel = new(Loop, siblings ?? _tunnels, Loop.Configuration.Find(Cart, 80)!, IpPort.Parse("10.0.9.9:1000"), Target, Target.ToString(), null, pipe);
        tunnel.Begin();
        return pipe;
    }

    /// <summary>What is counted.</summary>
    public string MetricsText()
    {
        System.Buffers.ArrayBufferWriter<byte> text = new();
        Metrics.WriteTo(text);
        return System.Text.Encoding.UTF8.GetString(text.WrittenSpan);
    }

    /// <summary>One turn of the loop.</summary>
    public void Turn() => _loop.RunOnce(0);

    /// <summary>What happens on each loop when there is another configuration.</summary>
    public void Judge() => _relays.ForEach(static relay => relay.Judge());

    private HeldPipe Connect(ServedPort served, IpPort target, DialledWorkload? dialled)
    {
        HeldPipe pipe = new() { Owner = null!, Loop = _loop };
        pipe.Owner = new Http1Server(Tunnel(served, target, dialled), pipe);
        return pipe;
    }

    private InboundTunnel Tunnel(ServedPort served, IpPort target, DialledWorkload? dialled)
    {
        InboundTunnel tunnel = new(Loop, _tunnels, served, IpPort.Parse("10.0.9.9:1000"), target, target.ToString(), null) { Dialled = dialled };
        _tunnels.Add(tunnel);
        return tunnel;
    }

    /// <summary>The next connection to an endpoint.</summary>
    public HeldPipe Expect(Dialling dialling = Dialling.OpensAtOnce)
    {
        HeldPipe pipe = new() { Owner = null!, Loop = _loop, Dialling = dialling };
        Dialer.Add(pipe);
        return pipe;
    }

    /// <summary>Runs the loop until something is so.</summary>
    public void RunUntil(Func<bool> isSo)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!isSo())
        {
            Assert.True(Environment.TickCount64 < deadline, "it did not happen");
            _loop.RunOnce(10);
        }
    }

    public void Dispose()
    {
        _loop.Dispose();
        _logs.Dispose();
    }
}

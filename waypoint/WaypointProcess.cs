using System.Net;
using System.Runtime.InteropServices;
using Ambient.EventLoop;
using Ambient.Identity.Issuing;
using Ambient.Identity.Trust;
using Ambient.Linux;
using Ambient.Linux.Proc;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Views;
using Ambient.Protocol.L7;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Admin;
using Ambient.Waypoint.Certificates;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Discovery;
using Ambient.Waypoint.Draining;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Names;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Settings;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint;

/// <summary>The process: its parts, how they are wired, and the order in which they start and end.</summary>
internal sealed class WaypointProcess : IAsyncDisposable
{
    private const long LargeHeap = 32 * 1024 * 1024;
    private readonly WaypointOptions _options;
    private readonly LogHub _logs = new(new LogHubOptions());
    private readonly Logger _log;
    private readonly MetricRegistry _metrics = new();
    private readonly MeshState _mesh = new();
    private readonly OwnCertificate _certificate;
    private readonly RevocationStore? _revocations;
    private readonly WaypointShared _shared;
    private readonly WaypointLoop[] _loops;
    private readonly NameKeeper _keeper;
    private readonly Lock _opening = new();
    private readonly PortListeners<Listener> _plain;
    private readonly PortListeners<EdgePortTable> _edges;
    private readonly DrainControl _drain;
    private readonly AdminHandler _adminHandler;
    private readonly BundleFile? _file;
    private readonly WaypointDiscovery? _discovery;
    private readonly TaskCompletionSource _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpServer? _server;
    private HttpServer? _readiness;
    private HttpServer? _admin;
    private volatile string? _obstacle = "starting";

    public WaypointProcess(WaypointOptions options)
    {
        _options = options;
        _log = _logs.For("waypoint");
        _metrics.Add(new ProcessMetrics());
        _metrics.Add(new RuntimeMetrics(_logs));
        EventLoop.EventLoop[] loops = [.. Enumerable.Range(0, options.Threads).Select(NewLoop)];
        OwnAddresses own = OwnAddresses.Read();
        Logger names = _logs.For("waypoint::names");
        NameTable table = new(loops[0], new DnsNameSource(loops[0], options.ResolverPath), own.Families, own.Contains, (name, what) => names.Warn(what, LogField.Of("name", name)));
        _shared = new WaypointShared
        {
            Options = options,
            Mesh = _mesh,
            Clock = TimeProvider.System,
            Metrics = new RequestMetrics(_metrics, limits: _logs.For("waypoint::limits")),
            Exporters = new Exporters(options, _metrics, _log, TimeProvider.System),
            Log = _log,
            Names = table,
            EndpointTls = new EndpointTlsTable(text => _log.Warn("TLS to endpoints cannot be used; nothing is sent to them", LogField.Of("destination", text))),
        };
        _loops = [.. loops.Select((loop, index) => new WaypointLoop(loop, index, _shared))];
        _mesh.Changed += (_, _) => LookForEarlyCallers();
        _keeper = new NameKeeper(loops[0], table, _shared);
        _plain = new PortListeners<Listener>(_loops, _log, PlainConnection.Begin);
        _edges = new PortListeners<EdgePortTable>(_loops, _logs.For("waypoint::edge"), EdgeConnection.Begin);
        _drain = new DrainControl(_loops, ClosePorts, _shared.Destinations, options, _log, TimeProvider.System);
        _revocations = MeshRevocations.Open(options.CrlPath, _logs.For("waypoint::crl"), TimeProvider.System);
        _certificate = new OwnCertificate(options, context => _shared.Tls = context, _revocations, _logs.For("waypoint::identity"), TimeProvider.System);
        ConfigurationStore store = new(options.Identity.TrustDomain, Apply, text => _log.Debug("a policy is stricter than written", LogField.Of("policy", text)), Closed, _shared.EndpointTls, _shared.Metrics.Limits);
        ServerInfo server = new(options, Obstacle, () => _drain.HasBegun, TimeProvider.System);
        _adminHandler = new AdminHandler(new ConfigDump(_shared, store, _certificate.Status, server), server, _metrics, _logs, () => _drain.TryBegin(out _), () => _shutdown.TrySetResult());
        if (options.Discovery is { } plane)
        {
            Logger log = _logs.For("waypoint::xds");
            _discovery = new WaypointDiscovery(options, plane.Channel(), _mesh, store, new DiscoveryReport(log, _metrics, plane.Address.ToString()), log, TimeProvider.System);
            _shared.Addresses = _discovery.Addresses;
        }
        else
        {
            _file = new BundleFile(options.ConfigurationPath!, _mesh, store, _log);
        }
    }

    /// <summary>Runs until a signal; returns the exit code.</summary>
    public async Task<int> RunAsync()
    {
        OpenFileLimit.Raise();
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        try
        {
            _admin = HttpServer.Start(new HttpServerOptions("admin", Loopback()), _adminHandler, _logs.For("waypoint::admin"));
            _server = HttpServer.Start(new HttpServerOptions("metrics", [new IPEndPoint(IPAddress.Any, OwnPorts.Metrics)]), new MetricsHandler(_metrics), _log);
            _readiness = HttpServer.Start(new HttpServerOptions("readiness", [new IPEndPoint(IPAddress.Any, OwnPorts.Ready)]), new ReadyHandler(Obstacle), _log);
            _discovery?.Start();
            if (_file?.Start() == false)
            {
                return 1;
            }

            Array.ForEach(_loops, loop => loop.Loop.Start());
            _loops[0].Loop.Post(static state => ((NameKeeper)state!).Start(), _keeper);
            if (!await ReadyAsync())
            {
                return 0;
            }

            if (_shared.BindingProblem is { } problem)
            {
                _log.Error("cannot start: " + problem);
                return 1;
            }

            Listen();
        }
        catch (Exception e) when (e is LinuxException or IOException or System.Net.Sockets.SocketException or InvalidOperationException or TlsException or IssueException)
        {
            _log.Error("cannot start: " + e.Message);
            return 1;
        }

        _obstacle = null;
        OpenPorts();
        _log.Info("waypoint is running", LogField.Of("identity", _options.Identity.ToString()), LogField.Of("threads", _loops.Length));
        await _shutdown.Task;
        _drain.TryBegin(out Task drained);
        await drained;
        return 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (HttpServer server in new[] { _admin, _server, _readiness }.OfType<HttpServer>())
        {
            await server.DisposeAsync();
        }

        _file?.Dispose();
        if (_discovery is not null)
        {
            await _discovery.DisposeAsync();
        }

        await _certificate.DisposeAsync();
        _revocations?.Dispose();
        foreach (WaypointLoop loop in _loops)
        {
            loop.Loop.Stop();
            loop.Loop.Dispose();
        }

        await _shared.Exporters.DisposeAsync();
        _logs.Flush(TimeSpan.FromSeconds(1));
        _logs.Dispose();
    }

    private static bool HasLoopbackOfIpv6() => File.Exists("/proc/net/if_inet6") && File.ReadAllText("/proc/net/if_inet6").StartsWith("00000000000000000000000000000001 ", StringComparison.Ordinal);

    private static IPEndPoint[] Loopback() => HasLoopbackOfIpv6()
        ? [new IPEndPoint(IPAddress.Loopback, OwnPorts.Admin), new IPEndPoint(IPAddress.IPv6Loopback, OwnPorts.Admin)]
        : [new IPEndPoint(IPAddress.Loopback, OwnPorts.Admin)];

    private string? Obstacle() => _drain.HasBegun ? "draining" : _obstacle is not "starting" ? _obstacle
        : _certificate.Current is null ? "there is no certificate yet"
        : _discovery?.Ready.IsCompleted == false ? "the control plane has not said everything yet"
        : "starting";

    private EventLoop.EventLoop NewLoop(int index)
    {
        Logger log = _logs.For("waypoint::loop");
        EventLoopOptions options = new()
        {
            Index = index,
            FaultSink = (loop, what, fault) => log.Error("a connection was closed because of a defect", LogField.Of("loop", loop), LogField.Of("where", what), LogField.Of("error", fault.ToString())),
        };
        return new EventLoop.EventLoop($"waypoint-{index}", options);
    }

    private void Apply(WaypointConfiguration configuration)
    {
        WaypointConfiguration before = _shared.Configuration;
        bool mayDeny = !ReferenceEquals(before.Services, configuration.Services) || !ReferenceEquals(before.Workloads, configuration.Workloads) || !ReferenceEquals(before.Edges, configuration.Edges);
        _shared.Configuration = configuration;
        LookForEarlyCallers();
        OpenPorts();
        if (mayDeny)
        {
            Array.ForEach(_loops, static loop => loop.Loop.Post(static state => ((WaypointLoop)state!).Judge(), loop));
        }
    }

    private void LookForEarlyCallers() => Array.ForEach(_loops, static loop => loop.Loop.Post(static state => ((WaypointLoop)state!).Early.Look(), loop));

    private void Closed(string why) => _logs.For("waypoint::edge").Error("a listener is closed", LogField.Of("why", why));

    private void ClosePorts()
    {
        _plain.Close();
        _edges.Close();
    }

    // Nobody outside is let in before there is a whole configuration, nor after the end has begun.
    private void OpenPorts()
    {
        if (_obstacle is not null)
        {
            return;
        }

        // The start and the control plane may both come here: whoever is last has looked last.
        lock (_opening)
        {
            WaypointConfiguration now = _shared.Configuration;
            _plain.Apply(now.Settings.Listeners.Where(static listener => listener.Port is > 0 and <= 65535).GroupBy(static listener => (ushort)listener.Port).ToDictionary(static same => same.Key, static same => same.Last()));
            _edges.Apply(now.Edges.Where(static edge => edge.Value.IsUsable).ToDictionary(static edge => (ushort)edge.Key, static edge => edge.Value));
        }
    }

    /// <summary>Nobody is served before there are a certificate and a whole configuration; false when it is told to end before.</summary>
    private async Task<bool> ReadyAsync()
    {
        using CancellationTokenSource stop = new();
        Task first = _certificate.FirstAsync(stop.Token);
        Task ready = Task.WhenAll(first, _discovery?.Ready ?? Task.CompletedTask);
        bool isReady = await Task.WhenAny(ready, _shutdown.Task) == ready;
        await stop.CancelAsync();
        if (isReady && GC.GetTotalMemory(forceFullCollection: false) > LargeHeap)
        {
            // What a large configuration was read from is several times what is kept. Nobody is served yet, so a pause costs nothing now.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        return isReady;
    }

    // Whose ztunnel hands callers on takes no tunnels: port 15008 of its pod is the ztunnel's.
    private void Listen()
    {
        ushort captured = _shared.DecideCapture();
        List<TunnelListener> listeners = [];
        foreach (WaypointLoop loop in _loops)
        {
            loop.Loop.Post(_ => loop.Start(), null);
            if (captured == 0)
            {
                Listen(listeners, loop, TunnelConnection.Begin, Linux.Sockets.SocketAddress.AnyIPv6.WithPort(OwnPorts.Hbone), Linux.Sockets.SocketAddress.AnyIPv4.WithPort(OwnPorts.Hbone));
                continue;
            }

            Listen(listeners, loop, CapturedArrival.Begin, Linux.Sockets.SocketAddress.LoopbackIPv4.WithPort(captured), null);
            if (HasLoopbackOfIpv6())
            {
                Listen(listeners, loop, CapturedArrival.Begin, Linux.Sockets.SocketAddress.LoopbackIPv6.WithPort(captured), null);
            }
        }

        _drain.Use(listeners);
        if (captured != 0)
        {
            _log.Info("callers come from the ztunnel of the own pod, which tunnels to endpoints as well", LogField.Of("port", captured));
        }
    }

    // The first address; the other one where the kernel has not the first one's family.
    private void Listen(List<TunnelListener> listeners, WaypointLoop loop, Action<WaypointLoop, int, Linux.Sockets.SocketAddress> begin, Linux.Sockets.SocketAddress address, Linux.Sockets.SocketAddress? otherwise)
    {
        SocketFactory sockets = new(null, new SocketOptions { ReusePort = true, Transparent = TransparentMode.Never });
        SysResult first = sockets.Listen(address, 1024, out _);
        SysResult opened = otherwise is { } other && first.Is(Errno.EAFNOSUPPORT) ? sockets.Listen(other, 1024, out _) : first;
        int fd = (int)opened.OrThrow("listen", $"port {address.Port}");
        TunnelListener listener = new(loop, begin, TunnelListener.Say(_log, address.Port));
        listeners.Add(listener);
        loop.Loop.Post(_ => listener.Watch(fd), null);
    }

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _shutdown.TrySetResult();
    }
}

using System.Net;
using System.Runtime.InteropServices;
using Ambient.EventLoop;
using Ambient.Identity.Issuing;
using Ambient.Linux;
using Ambient.Linux.Proc;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Certificates;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Discovery;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Settings;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint;

/// <summary>The process: its parts, how they are wired, and the order in which they start and end.</summary>
internal sealed class WaypointProcess : IAsyncDisposable
{
    private const ushort HbonePort = 15008;
    private const ushort MetricsPort = 15020;
    private const ushort ReadyPort = 15021;

    private readonly WaypointOptions _options;
    private readonly LogHub _logs = new(new LogHubOptions());
    private readonly Logger _log;
    private readonly MetricRegistry _metrics = new();
    private readonly MeshState _mesh = new();
    private readonly OwnCertificate _certificate;
    private readonly WaypointShared _shared;
    private readonly WaypointLoop[] _loops;
    private readonly List<TunnelListener> _listeners = [];
    private readonly PlainListeners _plain;
    private readonly BundleFile? _file;
    private readonly WaypointDiscovery? _discovery;
    private readonly TaskCompletionSource _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpServer? _server;
    private HttpServer? _readiness;
    private volatile string? _obstacle = "starting";

    public WaypointProcess(WaypointOptions options)
    {
        _options = options;
        _log = _logs.For("waypoint");
        _metrics.Add(new ProcessMetrics());
        _metrics.Add(new RuntimeMetrics(_logs));
        _shared = new WaypointShared
        {
            Options = options,
            Mesh = _mesh,
            Clock = TimeProvider.System,
            Metrics = new RequestMetrics(_metrics),
            Exporters = new Exporters(options, _metrics, _log, TimeProvider.System),
            Log = _log,
        };
        _loops = [.. Enumerable.Range(0, options.Threads).Select(Loop)];
        _plain = new PlainListeners(_loops, _log);
        _certificate = new OwnCertificate(options, context => _shared.Tls = context, _logs.For("waypoint::identity"), TimeProvider.System);
        ConfigurationStore store = new(options.Identity.TrustDomain, Apply, text => _log.Debug("a policy is stricter than written", LogField.Of("policy", text)));
        if (options.Discovery is { } plane)
        {
            Logger log = _logs.For("waypoint::xds");
            _discovery = new WaypointDiscovery(options, plane.Channel(), _mesh, store, new DiscoveryReport(log, _metrics, plane.Address.ToString()), log, TimeProvider.System);
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
            _server = HttpServer.Start(new HttpServerOptions("metrics", [new IPEndPoint(IPAddress.Any, MetricsPort)]), new MetricsHandler(_metrics), _log);
            _readiness = HttpServer.Start(new HttpServerOptions("readiness", [new IPEndPoint(IPAddress.Any, ReadyPort)]), new ReadyHandler(Obstacle), _log);
            _discovery?.Start();
            if (_file?.Start() == false)
            {
                return 1;
            }

            Array.ForEach(_loops, loop => loop.Loop.Start());
            if (!await ReadyAsync())
            {
                return 0;
            }

            Listen();
        }
        catch (Exception e) when (e is LinuxException or IOException or System.Net.Sockets.SocketException or InvalidOperationException or TlsException or IssueException)
        {
            _log.Error("cannot start: " + e.Message);
            return 1;
        }

        _obstacle = null;
        _log.Info("waypoint is running", LogField.Of("identity", _options.Identity.ToString()), LogField.Of("threads", _loops.Length));
        await _shutdown.Task;
        _obstacle = "draining";
        await DrainAsync();
        return 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_readiness is not null)
        {
            await _readiness.DisposeAsync();
        }

        _file?.Dispose();
        if (_discovery is not null)
        {
            await _discovery.DisposeAsync();
        }

        await _certificate.DisposeAsync();
        foreach (WaypointLoop loop in _loops)
        {
            loop.Loop.Stop();
            loop.Loop.Dispose();
        }

        await _shared.Exporters.DisposeAsync();
        _logs.Flush(TimeSpan.FromSeconds(1));
        _logs.Dispose();
    }

    private string? Obstacle() => _obstacle is not "starting" ? _obstacle
        : _certificate.Current is null ? "there is no certificate yet"
        : _discovery?.Ready.IsCompleted == false ? "the control plane has not said everything yet"
        : "starting";

    private WaypointLoop Loop(int index)
    {
        Logger log = _logs.For("waypoint::loop");
        EventLoopOptions options = new()
        {
            Index = index,
            FaultSink = (loop, what, fault) => log.Error("a connection was closed because of a defect", LogField.Of("loop", loop), LogField.Of("where", what), LogField.Of("error", fault.ToString())),
        };
        return new WaypointLoop(new EventLoop.EventLoop($"waypoint-{index}", options), index, _shared);
    }

    private void Apply(WaypointConfiguration configuration)
    {
        _shared.Configuration = configuration;
        _plain.Apply(configuration.Settings.Listeners);
    }

    /// <summary>Nobody is served before there are a certificate and a whole configuration; false when it is told to end before.</summary>
    private async Task<bool> ReadyAsync()
    {
        using CancellationTokenSource stop = new();
        Task first = _certificate.FirstAsync(stop.Token);
        Task ready = Task.WhenAll(first, _discovery?.Ready ?? Task.CompletedTask);
        bool isReady = await Task.WhenAny(ready, _shutdown.Task) == ready;
        await stop.CancelAsync();
        return isReady;
    }

    private void Listen()
    {
        SocketFactory sockets = new(null, new SocketOptions { ReusePort = true, Transparent = TransparentMode.Never });
        foreach (WaypointLoop loop in _loops)
        {
            // Both families; IPv4 alone where the kernel has no other.
            SysResult both = sockets.Listen(Linux.Sockets.SocketAddress.AnyIPv6.WithPort(HbonePort), 1024, out _);
            SysResult opened = both.Is(Errno.EAFNOSUPPORT) ? sockets.Listen(Linux.Sockets.SocketAddress.AnyIPv4.WithPort(HbonePort), 1024, out _) : both;
            int fd = (int)opened.OrThrow("listen", "port 15008");
            TunnelListener listener = new(loop, TunnelConnection.Begin);
            _listeners.Add(listener);
            loop.Loop.Post(_ => { listener.Watch(fd); loop.Start(); }, null);
        }
    }

    private async Task DrainAsync()
    {
        _log.Info("shutting down", LogField.Milliseconds("drain", (long)_options.DrainTime.TotalMilliseconds));
        _plain.Close();
        for (int i = 0; i < _loops.Length; i++)
        {
            TunnelListener listener = _listeners[i];
            WaypointLoop loop = _loops[i];
            loop.Loop.Post(_ => { listener.Close(); loop.Drain(); }, null);
        }

        long deadline = Environment.TickCount64 + (long)_options.DrainTime.TotalMilliseconds;
        while (Environment.TickCount64 < deadline && await OpenConnectionsAsync() > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private async Task<int> OpenConnectionsAsync()
    {
        int open = 0;
        foreach (WaypointLoop loop in _loops)
        {
            TaskCompletionSource<int> count = new(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Loop.Post(_ => count.SetResult(loop.Connections.Count + loop.Plain.Count), null);
            open += await count.Task;
        }

        return open;
    }

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _shutdown.TrySetResult();
    }
}

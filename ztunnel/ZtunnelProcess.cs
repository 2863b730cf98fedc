using System.Runtime.InteropServices;
using Ambient.EventLoop;
using Ambient.Identity.Trust;
using Ambient.Linux.Proc;
using Ambient.Mesh.Views;
using Ambient.Telemetry.AccessLogs;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Tls.Handshakes;
using Ambient.Ztunnel.Accepting;
using Ambient.Ztunnel.Admin;
using Ambient.Ztunnel.Certificates;
using Ambient.Ztunnel.Discovery;
using Ambient.Ztunnel.Discovery.Local;
using Ambient.Ztunnel.Dns.Names;
using Ambient.Ztunnel.Dns.Serving;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel;

/// <summary>The process: its parts, how they are wired, and the order in which they start and end.</summary>
internal sealed class ZtunnelProcess : IAsyncDisposable
{
    private static readonly TimeSpan SuccessionPause = TimeSpan.FromMilliseconds(50);

    /// <summary>For what was accepted in the last moment.</summary>
    private static readonly TimeSpan LongestLastWords = TimeSpan.FromMilliseconds(500);

    /// <summary>What an agent needs to see that the last ztunnel of its node leaves, and to tell its pods' kernels.</summary>
    private static readonly TimeSpan HoldPause = TimeSpan.FromMilliseconds(300);
    private readonly ZtunnelSettings _settings;
    private readonly LogHub _logs;
    private readonly Logger _log;
    private readonly MetricRegistry _metrics = new();
    private readonly ReadinessTasks _readiness = new();
    private readonly MeshState _mesh;
    private readonly EventLoop.EventLoop[] _loops;
    private readonly CertificateSource _certificates;
    private readonly RevocationStore? _revocations;
    private readonly DiscoveryMetrics _discoveryMetrics;
    private readonly PodProxyFactory _factory;
    private readonly PodTable _pods;
    private readonly TaskCompletionSource<int> _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MeshDiscovery? _discovery;
    private ZdsClient? _agent;
    private IPodProxy? _dedicated;
    private IPodProxy? _own;
    private OperatorServers? _servers;

    public ZtunnelProcess(ZtunnelSettings settings)
    {
        _settings = settings;
        _logs = new LogHub(new LogHubOptions { Directives = settings.LogDirectives, Format = settings.LogFormat });
        _log = _logs.For("ztunnel::app");
        _mesh = new MeshState(settings.NodeName);
        _loops = [.. Enumerable.Range(0, settings.WorkerThreadCount).Select(Loop)];
        _certificates = CertificateSource.Create(settings, _mesh, _logs, TimeProvider.System);
        _revocations = RevocationLists.Open(settings, _logs, TimeProvider.System);
        _discoveryMetrics = new DiscoveryMetrics(_metrics);
        _factory = Factory();
        _pods = new PodTable(_factory, new PodMetrics(_metrics), _logs.For("ztunnel::inpod"), _certificates.Pods);
        _metrics.Add(new ProcessMetrics());
        _metrics.Add(new RuntimeMetrics(_logs));
        BuildMetric.Add(_metrics, settings.MeshVersion);

        // All tasks before any server answers: readiness must never show a gap between two of them.
        _readiness.Add(ReadinessTasks.StateManager);
        _readiness.Add(ReadinessTasks.Proxy);
        if (settings.IsDnsEnabled)
        {
            _readiness.Add(ReadinessTasks.DnsProxy);
        }

        if (settings.Mode == ProxyMode.Shared)
        {
            _readiness.Add(ReadinessTasks.PodManager);
        }
    }

    /// <summary>Runs until a signal, <c>/quitquitquit</c>, or a failure; returns the exit code.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> warnings)
    {
        _log.Info("configuration", LogField.Bare("config", SettingsJson.ToText(_settings)));
        foreach (string warning in warnings)
        {
            _log.Warn(warning);
        }

        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        Array.ForEach(_loops, loop => loop.Start());
        try
        {
            await StartServersAsync();
            if (await DiscoverAsync())
            {
                StartPods();
                _readiness.Complete(ReadinessTasks.Proxy);
                _readiness.Complete(ReadinessTasks.DnsProxy);
            }
        }
        catch (Exception e) when (e is Ambient.Linux.LinuxException or IOException or System.Net.Sockets.SocketException or LocalFileException or InvalidOperationException)
        {
            _log.Error("cannot start: " + e.Message);
            return 1;
        }

        _log.Info("ztunnel is running", LogField.Of("mode", _settings.Mode.ToString()), LogField.Of("threads", _loops.Length));
        int exit = await _shutdown.Task;
        await DrainAsync();
        return exit;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_servers is not null)
        {
            await _servers.DisposeAsync();
        }

        _agent?.Dispose();
        if (_discovery is not null)
        {
            await _discovery.DisposeAsync();
        }

        await _certificates.DisposeAsync();
        _revocations?.Dispose();
        foreach (EventLoop.EventLoop loop in _loops)
        {
            loop.Stop();
            loop.Dispose();
        }

        _logs.Flush(TimeSpan.FromSeconds(1));
        _logs.Dispose();
    }

    private EventLoop.EventLoop Loop(int index)
    {
        Logger log = _logs.For("ztunnel::loop");
        return new EventLoop.EventLoop(
            $"ztunnel-{index}",
            new EventLoopOptions { Index = index, FaultSink = (loop, what, fault) => log.Error("a connection was closed because of a defect", LogField.Of("loop", loop), LogField.Of("where", what), LogField.Of("error", fault.ToString())) });
    }

    private PodProxyFactory Factory()
    {
        AccessLogWriter accessLog = new(_logs);
        TrafficMetrics traffic = new(_metrics);
        ProxyContext context = new()
        {
            Options = ProxyOptionsMapping.From(_settings),
            Mesh = _mesh,
            Certificates = _certificates.Store,
            Tls = new TlsContexts(new TlsSettings { RevocationCheck = _revocations is null ? null : _revocations.IsRevoked }),
            Revocations = _revocations,
            Loops = [.. _loops.Select(loop => new ProxyLoop(loop, traffic, accessLog))],
            Log = _logs.For("ztunnel::rbac"),
            Descriptors = new DescriptorReserve(OpenFileLimit.Raise(), _logs.For("ztunnel::proxy"), TimeProvider.System),
            Demand = _settings is { IsXdsOnDemand: true, Xds.Address: not null } ? (name, answered, state) => _discovery!.Demand(name, answered, state) : null,
        };
        DnsSettings? dns = _settings.IsDnsEnabled ? ProxyOptionsMapping.Dns(_settings) : null;
        NameSettings names = new() { ClusterDomain = _settings.ClusterDomain, PreferredNamespace = _settings.PreferredServiceNamespace, IPv6Enabled = _settings.IsIPv6Enabled };
        return new PodProxyFactory(context, dns, names, new DnsObserver(_metrics, new DnsLogWriter(_logs)), _logs.For("ztunnel::proxy"));
    }

    // Nothing is served before the first complete view: an unknown destination would look like one outside the mesh.
    private async Task<bool> DiscoverAsync()
    {
        _discovery = MeshDiscovery.Create(_settings, _mesh, _discoveryMetrics, _logs, TimeProvider.System);
        _discovery.Start();
        Task first = await Task.WhenAny(_discovery.Ready, _shutdown.Task);
        if (first == _shutdown.Task)
        {
            return false;
        }

        await first;
        _readiness.Complete(ReadinessTasks.StateManager);
        return true;
    }

    private async Task StartServersAsync()
    {
        ConfigDump dump = new(new ConfigSources
        {
            Settings = _settings,
            View = () => _mesh.Current,
            Certificates = _certificates.Store.Snapshot,
            LocalModel = () => _discovery?.LocalModel(),
            Pods = _settings.Mode == ProxyMode.Shared ? _pods : null,
        });
        AdminHandler admin = new(dump, _logs, () => _shutdown.TrySetResult(0));
        _servers = await OperatorServers.StartAsync(_settings, admin, new MetricsHandler(_metrics), new ReadinessHandler(_readiness, new LoopProbe(_loops, TimeSpan.FromSeconds(2))), _logs);
    }

    private void StartPods()
    {
        if (_settings.Mode == ProxyMode.Dedicated)
        {
            WorkloadReference workload = _settings.DedicatedWorkload!;
            _dedicated = _factory.Start(new PodSpec("dedicated", workload.Name, workload.Namespace, workload.ServiceAccount, null));
            return;
        }

        if (!PodRequirements.AreMet(CapabilitySet.OfThisProcess(), out string? missing))
        {
            throw new InvalidOperationException(missing);
        }

        if (_settings.HasSelfListener && _settings.IsProxyEnabled)
        {
            _own = _factory.StartOwn(new LocalWorkload(_settings.PodName, _settings.PodNamespace, _settings.ServiceAccount));
        }

        bool ready = false;
        _readiness.Add(ReadinessTasks.PodManager, () => Volatile.Read(ref ready));
        _agent = new ZdsClient(
            new ZdsClientOptions { Path = _settings.AgentSocketPath },
            _pods,
            _logs.For("ztunnel::inpod"),
            isReady => Volatile.Write(ref ready, isReady),
            violation =>
            {
                _log.Error("the node agent broke the protocol: " + violation);
                _shutdown.TrySetResult(1);
            });
        _agent.Start();
    }

    /// <summary>
    /// Goes on as before until another ztunnel has the pods: as long as there is none, nobody else would accept. Without one it ends when those that
    /// were there before have ended, or with the time to drain: the next one may only start after this one.
    /// </summary>
    /// <returns>How much time to drain is left.</returns>
    private async Task<TimeSpan> SucceedAsync()
    {
        if (_agent is not { Leads: not null } agent)
        {
            return _settings.DrainTime;
        }

        long began = TimeProvider.System.GetTimestamp();
        TimeSpan last = TimeSpan.FromTicks(Math.Min(LongestLastWords.Ticks, _settings.DrainTime.Ticks / 4));
        _pods.BeginSuccession();
        while (true)
        {
            TimeSpan left = _settings.DrainTime - TimeProvider.System.GetElapsedTime(began);
            if (agent.Leads == false)
            {
                _log.Info("another ztunnel has the pods");
                return left > last ? left : last;
            }

            int elders = _pods.ElderCount;
            if (left <= last || elders == 0 || _interrupted.Task.IsCompleted)
            {
                _log.Info("no other ztunnel has the pods; accepting ends now", LogField.Of("connections", elders));
                return last;
            }

            await Task.WhenAny(_interrupted.Task, Task.Delay(SuccessionPause, TimeProvider.System));
        }
    }

    private async Task DrainAsync()
    {
        _log.Info("shutting down", LogField.Milliseconds("drain", (long)_settings.DrainTime.TotalMilliseconds));

        // A successor in the same namespace needs the operators' ports.
        Task servers = _servers?.DrainAsync(TimeSpan.FromSeconds(1)) ?? Task.CompletedTask;
        TimeSpan left = await SucceedAsync();
        bool isLast = _agent?.Leads == true && _pods.RunningCount > 0;
        _agent?.Stop();
        if (isLast)
        {
            // The agent sees us leave and lets newcomers wait for the next one; until then they are served.
            await Task.WhenAny(_interrupted.Task, Task.Delay(HoldPause, TimeProvider.System));
        }

        _dedicated?.Drain();
        _own?.Drain();
        Task drained = Task.WhenAll(_dedicated?.Completion ?? Task.CompletedTask, _own?.Completion ?? Task.CompletedTask, _pods.DrainAsync());
        Task timeout = left < _settings.DrainTime ? Task.Delay(left, TimeProvider.System) : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        Task first = await Task.WhenAny(drained, _interrupted.Task, timeout);
        if (first != drained)
        {
            _log.Warn(first == timeout ? "the time to drain is over; what is left is cut" : "interrupted again; what is left is cut");
            _dedicated?.EndDrain();
            _own?.EndDrain();
            _pods.EndDrain();
            await Task.WhenAny(drained, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        }

        _pods.StopAllNow();
        await servers;
    }

    // The second SIGINT ends the drain at once; a second SIGTERM changes nothing (ztunnel.md 11).
    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (!_shutdown.TrySetResult(0) && signal.Signal == PosixSignal.SIGINT)
        {
            _interrupted.TrySetResult();
        }
    }
}

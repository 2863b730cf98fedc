using System.Net;
using System.Runtime.InteropServices;
using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Installation;
using Ambient.Cni.Agent.Kernel;
using Ambient.Cni.Agent.Memory;
using Ambient.Cni.Agent.Operators;
using Ambient.Cni.Agent.Plugins;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Probes;
using Ambient.Cni.Agent.Running;
using Ambient.Cni.Agent.Settings;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Proc;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Cni.Agent;

/// <summary>The node agent as a whole: builds its parts, wires them, runs until told to end.</summary>
public sealed class AgentProcess(AgentSettings settings, IPodSource source, IPodReporter reporter, INamespaceFinder finder, LogHub logs, TimeProvider time)
{
    private static readonly TimeSpan RepairInterval = TimeSpan.FromSeconds(5);

    /// <summary>Where the plugin finds the agent.</summary>
    public string PluginSocket => Path.Combine(settings.RunDirectory, PluginWire.SocketName);

    /// <summary>Runs until cancelled or until a signal; the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => End(c, ending));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => End(c, ending));
        Logger log = logs.For("agent");

        // Two descriptors for each pod.
        OpenFileLimit.Raise();
        Directory.CreateDirectory(settings.RunDirectory);
        Directory.CreateDirectory(Path.GetDirectoryName(settings.ZtunnelSocket)!);

        var loop = new AgentLoop(BookOptions(), time, logs.For("agent::pods"));
        var registry = new MetricRegistry();
        var metrics = new AgentMetrics(registry, loop);
        var memory = new PodMemoryFolder(Path.Combine(settings.RunDirectory, "pods"));

        // In a container the node's namespace is another one; on the node itself it is the agent's own.
        using NetworkNamespace node = NetworkNamespace.Open(settings.HostRoot.Length > 0 ? settings.HostRoot + "/proc/1/ns/net" : "/proc/self/ns/net");
        using var networks = new HeldNetworks();
        using var zds = new ZdsServer(settings.ZtunnelSocket, new ZdsTimings(), loop, logs.For("agent::zds"));
        IProbeRules probes = MakeProbes(node);
        var guard = new NetlinkGuard();
        var kernel = new PodKernel(KernelOptions(), guard);
        var parts = new CommandParts(zds, networks, kernel, finder, memory, probes, source, reporter);
        using var runner = new CommandRunner(parts, loop, logs.For("agent::steps"));
        var requests = new PluginRequests(loop, networks, guard, new NetworkIdentity(node.Device, node.Inode), settings.HostRoot, settings.AddPatience);
        Installer? installer = MakeInstaller(metrics);

        await loop.TellAsync(new PodEvent.Recalled(memory.ReadAll(out IReadOnlyList<string> unreadable)));
        foreach (string file in unreadable)
        {
            log.Warn("a file of the agent's memory cannot be read and is ignored", LogField.Of("file", file));
        }

        await using var plugins = new PluginServer(new PluginServerOptions(PluginSocket), requests.AnswerAsync, metrics.PluginRequests, logs.For("agent::plugin"));
        await using var pluginLogs = new PluginServer(
            new PluginServerOptions(Path.Combine(settings.RunDirectory, PluginWire.LogSocketName)), new PluginLogs(logs.For("cni-plugin")).AnswerAsync, metrics.PluginRequests, logs.For("agent::plugin"));
        var health = new HealthHandler(loop, () => installer?.Obstacle, c => PluginSocketProbe.AskAsync(PluginSocket, c), kernel.SparedIn, kernel.CarriedIn);
        await using HttpServer healthServer = HttpServer.Start(new HttpServerOptions("health", [new IPEndPoint(IPAddress.Any, settings.HealthPort)]), health, log);
        await using HttpServer metricsServer = HttpServer.Start(new HttpServerOptions("metrics", [new IPEndPoint(IPAddress.Any, settings.MetricsPort)]), new MetricsHandler(registry), log);
        log.Info("node agent started", LogField.Of("node", settings.NodeName), LogField.Of("redirection", settings.Method.ToString()), LogField.Of("run_dir", settings.RunDirectory));

        // Whoever of them ends first ends the agent: half an agent is worse than none, and its keeper restarts it.
        Task[] running =
        [
            loop.RunAsync(runner.PerformAsync, ending.Token),
            runner.RunNodeWorkAsync(ending.Token),
            source.RunAsync(loop.TellAsync, ending.Token),
            RepairAsync(probes, log, ending.Token),
            installer?.RunAsync(ending.Token) ?? Task.Delay(Timeout.InfiniteTimeSpan, time, ending.Token),
        ];
        Task first = await Task.WhenAny(running);
        bool isFault = !ending.IsCancellationRequested;
        await ending.CancelAsync();
        if (isFault)
        {
            log.Error("a part of the agent ended, so the agent ends", LogField.Of("error", first.Exception?.InnerException?.ToString() ?? "it returned"));
        }

        await Task.WhenAll(running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        log.Info("node agent ended; pods of the mesh stay as they are");
        return isFault ? 1 : 0;
    }

    private static void End(PosixSignalContext signal, CancellationTokenSource ending)
    {
        signal.Cancel = true;
        ending.Cancel();
    }

    private PodBookOptions BookOptions() => new()
    {
        Enrolment = settings.Enrolment,
        DnsCapture = settings.DnsCapture,
        Strict = settings.Strict,
        OpenAfter = settings.OpenAfter,
        NewMark = settings.SecretMarks ? SecretMarks.Next : static () => 0,
        ProofInterval = settings.ProofInterval,
    };

    private PodKernelOptions KernelOptions() => new()
    {
        Method = settings.Method,
        BackEnd = settings.BackEnd,
        Ipv6 = settings.Ipv6,
        ProbeAddress = settings.ProbeAddress,
        ProbeAddressV6 = settings.ProbeAddressV6,
    };

    private IProbeRules MakeProbes(NetworkNamespace node) => settings.Probes == ProbeMode.Translate
        ? new NodeProbeRules(node, KubeletUser.Find(settings.HostRoot + "/proc") ?? 0, settings.ProbeAddress, settings.ProbeAddressV6)
        : new NoProbeRules();

    private Installer? MakeInstaller(AgentMetrics metrics) => settings.CniFolder is null
        ? null
        : new Installer(
            new InstallerOptions(settings.CniFolder, settings.RunDirectory)
            {
                ChainIntoPrimary = settings.ChainIntoPrimary,
                IsStandalone = settings.IsStandalone,
                OwnFileName = settings.OwnFileName,
                PrimaryFileName = settings.PrimaryFileName,
                BinFolder = settings.BinFolder,
                PluginBinary = settings.PluginBinary,
                AgentNamespace = settings.Enrolment.AgentNamespace,
                ExcludedNamespaces = [.. settings.Enrolment.ExcludedNamespaces],
            },
            metrics,
            time,
            logs.For("agent::install"));

    private async Task RepairAsync(IProbeRules probes, Logger log, CancellationToken cancellation)
    {
        var memory = new MemoryTrim(time);
        using var timer = new PeriodicTimer(RepairInterval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            memory.Look();
            if (await probes.RepairAsync(cancellation) is { } error)
            {
                log.Error("probes of the node may not reach pods", LogField.Of("error", error));
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;
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

    /// <summary>Who starts the agent again; null: it always comes back.</summary>
    public IAgentKeeper? Keeper { get; init; }

    /// <summary>Runs until cancelled or until a signal, and cleans up behind an agent that goes for good; the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        int code = await RunUntilToldAsync(cancellation);
        Logger log = logs.For("agent");
        if (code != 0 || Keeper is null || !await Keeper.IsGoneAsync(CancellationToken.None))
        {
            log.Info("node agent ended; pods of the mesh stay as they are");
            return code;
        }

        IReadOnlyList<string> left = await NodeRemains.RemoveAsync(settings, CancellationToken.None);
        foreach (string error in left)
        {
            log.Error("something of the agent stays on the node", LogField.Of("error", error));
        }

        int pods = NodeRemains.PodsOf(settings);
        log.Log(
            pods > 0 ? LogLevel.Warn : LogLevel.Info,
            pods > 0 ? "node agent removed; pods that are still in the mesh stay closed when their ztunnel goes: restart them, or install the agent again" : "node agent removed",
            LogField.Of("pods", pods));
        return left.Count == 0 ? 0 : 1;
    }

    private async Task<int> RunUntilToldAsync(CancellationToken cancellation)
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
        var probeChoice = ProbeChoice.Make(settings, node);
        using IProbeRules probes = MakeProbes(node, probeChoice);
        var guard = new NetlinkGuard();
        var kernel = new PodKernel(KernelOptions(probeChoice), guard);
        var parts = new CommandParts(zds, networks, kernel, finder, memory, probes, source, reporter);
        using var runner = new CommandRunner(parts, loop, time, logs.For("agent::steps"));
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
        IPAddress any = Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        await using HttpServer healthServer = HttpServer.Start(new HttpServerOptions("health", [new IPEndPoint(any, settings.HealthPort)]), health, log);
        await using HttpServer metricsServer = HttpServer.Start(new HttpServerOptions("metrics", [new IPEndPoint(any, settings.MetricsPort)]), new MetricsHandler(registry), log);
        log.Info("node agent started", LogField.Of("node", settings.NodeName), LogField.Of("redirection", settings.Method.ToString()), LogField.Of("probes", $"{probeChoice.Mode}: {probeChoice.Reason}"), LogField.Of("run_dir", settings.RunDirectory));

        // Whoever of them ends first ends the agent: half an agent is worse than none, and its keeper restarts it.
        Task[] running =
        [
            loop.RunAsync(runner.PerformAsync, ending.Token),
            runner.RunNodeWorkAsync(ending.Token),
            Task.Run(() => runner.RunSearchesAsync(ending.Token), ending.Token),
            source.RunAsync(loop.TellAsync, ending.Token),
            RepairAsync(probes, loop, log, ending.Token),
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
        HoldFor = settings.BackEnd == Redirection.RedirectionBackEnd.Nftables ? settings.HoldFor : TimeSpan.Zero,
        NewMark = settings.SecretMarks ? SecretMarks.Next : static () => 0,
        ProofInterval = settings.ProofInterval,
    };

    private PodKernelOptions KernelOptions(ProbeChoice probes) => new()
    {
        Method = settings.Method,
        BackEnd = settings.BackEnd,
        Ipv6 = settings.Ipv6,
        ProbeAddress = probes.Address,
        ProbeAddressV6 = probes.AddressV6,
    };

    private IProbeRules MakeProbes(NetworkNamespace node, ProbeChoice choice) => choice.Mode == ProbeMode.Translate
        ? new NodeProbeRules(node, KubeletUser.Find(settings.HostRoot + "/proc") ?? 0, choice.Address, choice.AddressV6)
        : new NoProbeRules();

    private Installer? MakeInstaller(AgentMetrics metrics) =>
        InstallerOptions.Of(settings) is { } options ? new Installer(options, metrics, time, logs.For("agent::install")) : null;

    private async Task RepairAsync(IProbeRules probes, AgentLoop loop, Logger log, CancellationToken cancellation)
    {
        var memory = new MemoryTrim(time);
        bool isToldOfFrames = false;
        using var timer = new PeriodicTimer(RepairInterval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            memory.Look(loop.IsAsked);
            if (!isToldOfFrames && !Redirection.PodRedirection.KeepsFrames)
            {
                isToldOfFrames = true;
                log.Warn("this kernel has no egress hook of netfilter (Linux 5.16): a program with CAP_NET_RAW in a pod can leave the mesh with frames that it makes itself; drop NET_RAW where that matters");
            }

            if (await probes.RepairAsync(cancellation) is { } error)
            {
                log.Error("probes of the node may not reach pods", LogField.Of("error", error));
            }
        }
    }
}

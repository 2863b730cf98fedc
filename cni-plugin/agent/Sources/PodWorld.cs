using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Settings;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Watching;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Where pods come from, where reports go, and how namespaces are found: as the settings choose. Owned by the program, which disposes it.</summary>
public sealed class PodWorld : IDisposable
{
    private static readonly TimeSpan ProcessLife = TimeSpan.FromSeconds(2);
    private readonly IDisposable _owned;

    private PodWorld(IPodSource source, IPodReporter reporter, INamespaceFinder finder, IDisposable owned) => (Source, Reporter, Finder, _owned) = (source, reporter, finder, owned);

    /// <summary>Pods and namespaces.</summary>
    public IPodSource Source { get; }

    /// <summary>Reports.</summary>
    public IPodReporter Reporter { get; }

    /// <summary>Who starts the agent again; null where nobody can be asked.</summary>
    public IAgentKeeper? Keeper { get; private init; }

    /// <summary>Network namespaces.</summary>
    public INamespaceFinder Finder { get; }

    /// <summary>
    /// A folder of manifests when one is set, else the Kubernetes API: by <c>KUBECONFIG</c> when it is set, else as a pod. Null with the reason when there
    /// is neither.
    /// </summary>
    public static PodWorld? Make(AgentSettings settings, IReadOnlyDictionary<string, string> environment, LogHub logs, TimeProvider time, out string? error)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(logs);
        Logger log = logs.For("agent::source");
        error = null;
        string? rootNamespace = settings.Strict ? null : settings.Enrolment.SystemNamespace;
        if (settings.ManifestFolder is { } folder)
        {
            var manifests = new ManifestFolderSource(folder, ManifestPodSource.Kinds, time, log);
            return new PodWorld(
                new ManifestPodSource(manifests, settings.NodeName, time, rootNamespace),
                new StatusFolder(settings.StatusFolder ?? Path.Combine(settings.RunDirectory, "status")),
                new NamedNetworkFinder(),
                manifests);
        }

        if (settings.NodeName is not { } node)
        {
            error = "missing env var NODE_NAME (pods come from the Kubernetes API); allowed: the node's name; or AMBIENT_MANIFEST_DIR for a folder of manifests";
            return null;
        }

        ClusterConnection? connection = environment.GetValueOrDefault("KUBECONFIG") is { Length: > 0 }
            ? KubeConfig.Load(environment, KubeConfigOptions.Own, time, out error)
            : ClusterConnection.InCluster(environment, time, out error);
        if (connection is null)
        {
            error = $"no source of pods: {error}; set AMBIENT_MANIFEST_DIR or KUBECONFIG outside a cluster";
            return null;
        }

        var client = new KubernetesClient(connection, new ClientOptions { UserAgent = "ambient-cni-agent" }, time);
        using NetworkNamespace own = NetworkNamespace.Open(settings.HostRoot.Length > 0 ? settings.HostRoot + "/proc/1/ns/net" : "/proc/self/ns/net");
        return new PodWorld(
            new KubernetesPodSource(new KubernetesSource(client, new WatchOptions(), time, log), node, rootNamespace),
            new KubernetesPodReporter(client, node, time, logs.For("agent::report")),
            new ProcessFinder(new ProcessTable(settings.HostRoot + "/proc", new NetworkIdentity(own.Device, own.Inode), time, ProcessLife)),
            client)
        {
            Keeper = settings.Enrolment.AgentNamespace is { Length: > 0 } podNamespace ? new DaemonSetKeeper(client, podNamespace, node, time, log) : null,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();
}

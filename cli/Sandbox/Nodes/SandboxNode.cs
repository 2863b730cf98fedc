using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Containers;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Nodes;

/// <summary>A node of the sandbox: its namespace, its container runtime, its node agent, its ztunnel. Thread-safe.</summary>
internal sealed class SandboxNode : IAsyncDisposable
{
    private const string ProxyAccount = "ztunnel";
    private const string PrimaryList = "10-pods.conflist";
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>Builds supervisors and writes the primary CNI's configuration; <see cref="Start"/> starts agent and ztunnel.</summary>
    public SandboxNode(VirtualNode node, string directory, SandboxPrograms programs, SandboxFiles files)
    {
        Node = node;
        string socket = Path.Combine(directory, "zds.sock"), lists = Path.Combine(directory, "net.d"), plugins = Path.Combine(directory, "bin");
        StatusFolder = Path.Combine(directory, "status");
        LogPath = Path.Combine(directory, "ztunnel.log");
        Log = new LogFile(LogPath);
        Directory.CreateDirectory(lists);
        Directory.CreateDirectory(plugins);
        File.WriteAllText(Path.Combine(lists, PrimaryList), PrimaryText(node, Path.Combine(directory, "ipam")));
        Runtime = new ContainerRuntime(node.NamespaceName, lists, [plugins, Path.GetDirectoryName(programs.Plugin)!, .. CniPlugins.Folders], Path.Combine(directory, "sandboxes"));
        Ztunnel = new ProcessSupervisor(new ProcessPlan("ztunnel on " + node.Name, programs.Ztunnel, "proxy", "ztunnel")
        {
            NamespaceName = node.NamespaceName,
            LogPath = LogPath,
            Environment = ZtunnelEnvironment(node, directory, socket, files),
        });
        Agent = new ProcessSupervisor(new ProcessPlan("node agent on " + node.Name, programs.Agent, "run")
        {
            NamespaceName = node.NamespaceName,
            LogPath = Path.Combine(directory, "agent.log"),
            Environment = AgentEnvironment(node, directory, socket, programs, files),
        });
    }

    /// <summary>The namespace it runs in.</summary>
    public VirtualNode Node { get; }

    /// <summary>Attaches pods.</summary>
    public ContainerRuntime Runtime { get; }

    /// <summary>Keeps the node agent running.</summary>
    public ProcessSupervisor Agent { get; }

    /// <summary>Keeps ztunnel running.</summary>
    public ProcessSupervisor Ztunnel { get; }

    /// <summary>Where the agent reports.</summary>
    public string StatusFolder { get; }

    /// <summary>Where ztunnel's log, the access log included, goes.</summary>
    public string LogPath { get; }

    /// <summary>Reads that log.</summary>
    public LogFile Log { get; }

    /// <summary>The pod that ztunnel counts as; its token is bound to it.</summary>
    public static PodPlan ProxyOf(VirtualNode node) => new("ztunnel-" + node.Name, ControlPlane.SystemNamespace, ProxyAccount, node.Name) { IsMeshed = false };

    /// <summary>That pod's UID.</summary>
    public static string UidOf(VirtualNode node) => "ztunnel-" + node.Name;

    /// <summary>Starts agent and ztunnel.</summary>
    public void Start()
    {
        Agent.Start();
        Ztunnel.Start();
    }

    /// <summary>Waits until agent and ztunnel report ready. Throws <see cref="TimeoutException"/> with the last words of whoever does not.</summary>
    public async Task WaitReadyAsync(TimeSpan deadline, CancellationToken cancellation)
    {
        await WaitAsync(Agent, "node agent", 8000, "/readyz", deadline, cancellation);
        await WaitAsync(Ztunnel, "ztunnel", 15021, "/healthz/ready", deadline, cancellation);
    }

    /// <summary>Waits until the agent reports ready. Throws as <see cref="WaitReadyAsync"/>.</summary>
    public Task WaitAgentAsync(TimeSpan deadline, CancellationToken cancellation) => WaitAsync(Agent, "node agent", 8000, "/readyz", deadline, cancellation);

    /// <summary>Waits until every pod that belongs to the mesh is in it; for a node whose pods were there before its agent. Throws as <see cref="WaitReadyAsync"/>.</summary>
    public Task WaitPodsAsync(TimeSpan deadline, CancellationToken cancellation) => WaitAsync(
        Agent, "every pod", async () => (await PodsAsync(cancellation)).All(pod => pod.IsServed), deadline, cancellation);

    /// <summary>ztunnel's metrics of the moment.</summary>
    public async Task<MetricPage> MetricsAsync(CancellationToken cancellation) =>
        MetricPage.Parse(await NodeHttp.GetAsync(Node.Namespace, 15020, "/metrics", cancellation));

    /// <summary>The agent's view of its pods; empty while it does not answer.</summary>
    public async Task<IReadOnlyList<AgentPodView>> PodsAsync(CancellationToken cancellation) =>
        AgentPodView.Parse(await NodeHttp.StatusAsync(Node.Namespace, 8000, "/healthz", cancellation) == 200 ? await NodeHttp.GetAsync(Node.Namespace, 8000, "/pods", cancellation) : "[]");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(Agent.DisposeAsync().AsTask(), Ztunnel.DisposeAsync().AsTask());

    private static Dictionary<string, string> ZtunnelEnvironment(VirtualNode node, string directory, string socket, SandboxFiles files) => new(StringComparer.Ordinal)
    {
        ["PROXY_MODE"] = "shared",
        ["NODE_NAME"] = node.Name,
        ["INPOD_UDS"] = socket,
        ["XDS_ADDRESS"] = files.ControlPlane.Address,
        ["CA_ADDRESS"] = files.ControlPlane.Address,
        ["ALT_XDS_HOSTNAME"] = ControlPlane.Host,
        ["ALT_CA_HOSTNAME"] = ControlPlane.Host,
        ["XDS_ROOT_CA"] = files.ControlPlane.Roots,
        ["CA_ROOT_CA"] = files.ControlPlane.Roots,
        ["AUTH_TOKEN"] = files.ControlPlane.IssueToken(ControlPlane.SystemNamespace, ProxyAccount, ProxyOf(node).Name, UidOf(node)),
        ["POD_NAME"] = ProxyOf(node).Name,
        ["POD_NAMESPACE"] = ControlPlane.SystemNamespace,
        ["SERVICE_ACCOUNT"] = ProxyAccount,
        ["INSTANCE_IP"] = node.Address.ToString(),
        ["XDS_SNAPSHOT_PATH"] = Path.Combine(directory, "xds"),
        ["XDS_SNAPSHOT_WAIT"] = "1s",
        ["RUST_LOG"] = "info",
        ["TERMINATION_GRACE_PERIOD_SECONDS"] = "3",
        ["ZTUNNEL_WORKER_THREADS"] = "2",
    };

    private Dictionary<string, string> AgentEnvironment(VirtualNode node, string directory, string socket, SandboxPrograms programs, SandboxFiles files)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["NODE_NAME"] = node.Name,
            ["AMBIENT_MANIFEST_DIR"] = files.Manifests,
            ["AMBIENT_STATUS_DIR"] = StatusFolder,
            ["CNI_AGENT_RUN_DIR"] = Path.Combine(directory, "run"),
            ["ZTUNNEL_UDS_ADDRESS"] = socket,
            ["MOUNTED_CNI_NET_DIR"] = Path.Combine(directory, "net.d"),
            ["AMBIENT_REDIRECTION"] = "sockets",
            ["AMBIENT_PROOF_INTERVAL"] = "2",

            // There is no kubelet here.
            ["PROBE_MODE"] = "off",
            ["AMBIENT_LOG"] = "info",
        };

        // A plugin of many files cannot be copied; the runtime finds it where it was built.
        if (!File.Exists(programs.Plugin + ".dll"))
        {
            environment["CNI_BIN_DIR"] = Path.Combine(directory, "bin");
            environment["PLUGIN_BINARY"] = programs.Plugin;
        }

        return environment;
    }

    /// <summary>A primary CNI as many clusters have it: a bridge, addresses of both families from a file, port mappings.</summary>
    private static string PrimaryText(VirtualNode node, string addresses) => $$"""
        {
          "cniVersion": "1.0.0",
          "name": "pods",
          "plugins": [
            {
              "type": "bridge", "bridge": "pods", "isGateway": true,
              "ipam": {
                "type": "host-local", "dataDir": "{{addresses}}",
                "ranges": [
                  [{"subnet": "10.9.{{node.Index}}.0/24", "rangeStart": "10.9.{{node.Index}}.10", "gateway": "10.9.{{node.Index}}.1"}],
                  [{"subnet": "fd09:9:{{node.Index}}::/64", "rangeStart": "fd09:9:{{node.Index}}::10", "gateway": "fd09:9:{{node.Index}}::1"}]
                ],
                "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
              }
            },
            {"type": "portmap", "capabilities": {"portMappings": true} }
          ]
        }

        """;

    private Task WaitAsync(ProcessSupervisor process, string name, int port, string path, TimeSpan deadline, CancellationToken cancellation) =>
        WaitAsync(process, name, async () => await NodeHttp.StatusAsync(Node.Namespace, port, path, cancellation) == 200, deadline, cancellation);

    private async Task WaitAsync(ProcessSupervisor process, string name, Func<Task<bool>> isReady, TimeSpan deadline, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!await isReady())
        {
            if (TimeProvider.System.GetElapsedTime(started) > deadline)
            {
                throw new TimeoutException($"{name} on {Node.Name} is not ready after {deadline.TotalSeconds:0} s; its log: {process.LogTail()}");
            }

            await Task.Delay(PollEvery, TimeProvider.System, cancellation);
        }
    }
}

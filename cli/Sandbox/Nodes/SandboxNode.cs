using Ambient.Cli.Sandbox.Agents;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Nodes;

/// <summary>A node of the sandbox: its namespace, its node agent, its ztunnel. Thread-safe.</summary>
internal sealed class SandboxNode : IAsyncDisposable
{
    /// <summary>Builds agent and supervisor; <see cref="Start"/> starts ztunnel.</summary>
    public SandboxNode(VirtualNode node, string directory, string ztunnel, string meshFile, string authorityDirectory)
    {
        Node = node;
        string socket = Path.Combine(directory, "zds.sock");
        Agent = new NodeAgent(socket);
        LogPath = Path.Combine(directory, "ztunnel.log");
        Log = new LogFile(LogPath);
        Ztunnel = new ZtunnelSupervisor(new ProcessPlan("ztunnel on " + node.Name, ztunnel, "proxy", "ztunnel")
        {
            NamespaceName = node.NamespaceName,
            LogPath = LogPath,
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["PROXY_MODE"] = "shared",
                ["NODE_NAME"] = node.Name,
                ["INPOD_UDS"] = socket,
                ["LOCAL_XDS_PATH"] = meshFile,
                ["XDS_ADDRESS"] = "",
                ["FAKE_CA"] = "true",
                ["FAKE_CA_DIR"] = authorityDirectory,
                ["RUST_LOG"] = "info",
                ["TERMINATION_GRACE_PERIOD_SECONDS"] = "3",
                ["ZTUNNEL_WORKER_THREADS"] = "2",
            },
        });
    }

    /// <summary>The namespace it runs in.</summary>
    public VirtualNode Node { get; }

    /// <summary>Tells ztunnel about pods.</summary>
    public NodeAgent Agent { get; }

    /// <summary>Keeps ztunnel running.</summary>
    public ZtunnelSupervisor Ztunnel { get; }

    /// <summary>Where ztunnel's log, the access log included, goes.</summary>
    public string LogPath { get; }

    /// <summary>Reads that log.</summary>
    public LogFile Log { get; }

    /// <summary>Starts ztunnel.</summary>
    public void Start() => Ztunnel.Start();

    /// <summary>Waits until ztunnel reports ready. Throws <see cref="TimeoutException"/> with its last words.</summary>
    public async Task WaitReadyAsync(TimeSpan deadline, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (await NodeHttp.StatusAsync(Node.Namespace, 15021, "/healthz/ready", cancellation) != 200)
        {
            if (TimeProvider.System.GetElapsedTime(started) > deadline)
            {
                throw new TimeoutException($"ztunnel on {Node.Name} is not ready after {deadline.TotalSeconds:0} s; its log: {Ztunnel.LogTail()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation);
        }
    }

    /// <summary>ztunnel's metrics of the moment.</summary>
    public async Task<MetricPage> MetricsAsync(CancellationToken cancellation) =>
        MetricPage.Parse(await NodeHttp.GetAsync(Node.Namespace, 15020, "/metrics", cancellation));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Ztunnel.DisposeAsync();
        Agent.Dispose();
    }
}

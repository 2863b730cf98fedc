using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox;

/// <summary>The demo's two nodes: pods with real applications, one ztunnel and one agent per node. Disposing removes everything.</summary>
internal sealed class DemoMesh : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly VirtualNetwork _network = VirtualNetwork.Create("demo");
    private readonly List<RunningProcess> _processes = [];
    private readonly List<SandboxAgent> _agents = [];
    private readonly Dictionary<VirtualNode, RunningProcess> _ztunnels = [];
    private readonly string _directory;

    private DemoMesh()
    {
        _directory = _network.MakeDirectory("mesh");
        Model = new SandboxModel(Path.Combine(_network.MakeDirectory("model"), "mesh.yaml"));
        VirtualNode first = _network.AddNode("node1");
        VirtualNode second = _network.AddNode("node2");
        (Client, Outsider) = (first.AddPod("client"), first.AddPod("outsider"));
        (WebV1, WebV2, Redis) = (second.AddPod("web-v1"), second.AddPod("web-v2"), second.AddPod("redis"));
        Model.Add(Client, "client");
        Model.Add(WebV1, "web", "web", 8080);
        Model.Add(WebV2, "web", "web", 8080);
        Model.Add(Redis, "redis");
    }

    public SandboxModel Model { get; }

    public VirtualPod Client { get; }

    public VirtualPod Outsider { get; }

    public VirtualPod WebV1 { get; }

    public VirtualPod WebV2 { get; }

    public VirtualPod Redis { get; }

    public IReadOnlyList<VirtualNode> Nodes => _network.Nodes;

    /// <summary>Where logs and captures lie.</summary>
    public string Directory => _directory;

    /// <summary>Builds and starts everything; waits until it is ready.</summary>
    public static async Task<DemoMesh> StartAsync(string ztunnel)
    {
        DemoMesh mesh = new();
        try
        {
            mesh.Model.Write();
            await mesh.CaptureAsync();
            foreach (VirtualNode node in mesh.Nodes)
            {
                VirtualPod[] pods = [.. node.Pods.Where(p => p != mesh.Outsider)];
                mesh._agents.Add(new SandboxAgent(mesh.AgentPath(node), pods, mesh.Model.AccountOf));
                await mesh.StartZtunnelAsync(node, ztunnel);
            }

            await mesh.StartApplicationsAsync();
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node's ztunnel and waits until it is ready.</summary>
    public async Task StartZtunnelAsync(VirtualNode node, string program)
    {
        RunningProcess process = Start(new ProcessPlan("ztunnel-" + node.Name, program)
        {
            NamespaceName = node.NamespaceName,
            LogPath = ZtunnelLog(node),
            Environment = new Dictionary<string, string>
            {
                ["FAKE_CA"] = "true",
                ["FAKE_CA_DIR"] = Path.Combine(_directory, "test-ca"),
                ["XDS_ADDRESS"] = "",
                ["LOCAL_XDS_PATH"] = Model.Path,
                ["INPOD_UDS"] = AgentPath(node),
                ["NODE_NAME"] = node.Name,
                ["CLUSTER_ID"] = "sandbox",
                ["IPV6_ENABLED"] = "false",
            },
        });
        _ztunnels[node] = process;
        await process.WaitForAsync(
            () => Command.RunInAsync(node.NamespaceName, "curl", ["-s", "-m", "2", "http://127.0.0.1:15021/healthz/ready"]).GetAwaiter().GetResult().Output.StartsWith("ready", StringComparison.Ordinal) ? "ready" : null,
            "readiness of " + process.Plan.Name,
            Deadline);
    }

    /// <summary>Kills a node's ztunnel without a warning.</summary>
    public Task KillZtunnelAsync(VirtualNode node) => _ztunnels[node].KillAsync();

    /// <summary>The log of a node's ztunnel.</summary>
    public string ReadZtunnelLog(VirtualNode node) => _ztunnels[node].ReadLog();

    /// <summary>Starts a program that ends with the mesh.</summary>
    public RunningProcess Start(ProcessPlan plan)
    {
        RunningProcess process = RunningProcess.Start(plan);
        _processes.Add(process);
        return process;
    }

    /// <summary>Leaves the network and its processes running.</summary>
    public void Release() => _network.Release();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (RunningProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        _agents.ForEach(a => a.Dispose());
        if (System.IO.Directory.Exists(ResolverDirectory(Client)))
        {
            System.IO.Directory.Delete(ResolverDirectory(Client), recursive: true);
        }

        _network.Dispose();
    }

    private static string ResolverDirectory(VirtualPod pod) => "/etc/netns/" + pod.NamespaceName;

    private string AgentPath(VirtualNode node) => Path.Combine(_directory, node.Name + ".sock");

    private string ZtunnelLog(VirtualNode node) => Path.Combine(_directory, $"ztunnel-{node.Name}-{_processes.Count}.log");

    private async Task CaptureAsync()
    {
        foreach (VirtualPod pod in Nodes.SelectMany(n => n.Pods).Where(p => p != Outsider))
        {
            PodRedirection redirection = new(pod.Namespace, new RedirectionOptions { Ipv6 = false });
            await redirection.ApplyAsync(CancellationToken.None);
        }

        // A resolver that nobody runs: only the captured query can be answered.
        System.IO.Directory.CreateDirectory(ResolverDirectory(Client));
        await File.WriteAllTextAsync(Path.Combine(ResolverDirectory(Client), "resolv.conf"), "nameserver 10.96.0.53\n");
    }

    private async Task StartApplicationsAsync()
    {
        foreach ((VirtualPod pod, string version) in new[] { (WebV1, "v1"), (WebV2, "v2") })
        {
            string file = Path.Combine(_directory, pod.Name + ".conf");
            await File.WriteAllTextAsync(file, $$"""
                pid {{_directory}}/{{pod.Name}}.pid;
                error_log stderr;
                daemon off;
                worker_processes 1;
                events { }
                http {
                  access_log off;
                  server { listen 8080; location / { default_type text/plain; return 200 "{{version}} sees $remote_addr\n"; } }
                }

                """);
            RunningProcess nginx = Start(new ProcessPlan(pod.Name, "nginx", "-c", file, "-e", "stderr") { NamespaceName = pod.NamespaceName, LogPath = Path.Combine(_directory, pod.Name + ".log") });
            await nginx.WaitForPortAsync(new System.Net.IPEndPoint(pod.Address, 8080), Deadline);
        }

        RunningProcess redis = Start(new ProcessPlan("redis", "redis-server", "--protected-mode", "no", "--save", "", "--bind", "0.0.0.0") { NamespaceName = Redis.NamespaceName, LogPath = Path.Combine(_directory, "redis.log") });
        await redis.WaitForPortAsync(new System.Net.IPEndPoint(Redis.Address, 6379), Deadline);
    }
}

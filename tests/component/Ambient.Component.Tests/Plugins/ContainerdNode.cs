using System.Net;
using Ambient.Component.Tests.NodeAgents;
using Ambient.Rig.Containers.Protocol;
using Ambient.Rig.Nodes;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Plugins;

/// <summary>A node with a real containerd whose CNI list is bridge, host-local, portmap and our plugin; agent and ztunnel when they are started.</summary>
internal sealed class ContainerdNode : IAsyncDisposable
{
    public const string Image = "docker.io/ambient/rig:0.1.0";
    private readonly TestNetwork _network = new();
    private readonly VirtualNode _virtual;

    private ContainerdNode()
    {
        _virtual = _network.AddNode("node1");
        string entry = $$"""{"type":"ambient-cni","ambient_enabled":true,"cni_agent_run_dir":"{{RunDirectory}}","exclude_namespaces":["kube-system"],"pod_namespace":"istio-system"}""";
        Node = new RigNode(_virtual, _network.Directory, new NodePlan
        {
            Plugins = new Dictionary<string, string>(StringComparer.Ordinal) { ["ambient-cni"] = Path.Combine(AppContext.BaseDirectory, "ambient-cni") },
            Chain = [entry],
        });
        Directory.CreateDirectory(Manifests);
    }

    public RigNode Node { get; }

    public Peer Ztunnel { get; private set; } = null!;

    public Peer Agent { get; private set; } = null!;

    private string Manifests => Path.Combine(_network.Directory, "manifests");

    private string RunDirectory => Path.Combine(_network.Directory, "run");

    public static async Task<ContainerdNode> StartAsync(params string[] pods)
    {
        var node = new ContainerdNode();
        try
        {
            node.WriteManifests(pods);
            await node.Node.StartAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>A sandbox of the namespace shop, as a kubelet asks for it.</summary>
    public static PodSandboxConfig Pod(string name, string space = "shop") => new()
    {
        Metadata = new PodSandboxMetadata { Name = name, Namespace = space, Uid = "uid-" + name },
        Hostname = name,
        LogDirectory = "/var/log/pods",
        Labels =
        {
            ["io.kubernetes.pod.name"] = name,
            ["io.kubernetes.pod.namespace"] = space,
            ["io.kubernetes.pod.uid"] = "uid-" + name,
        },
        Linux = new LinuxPodSandboxConfig(),
    };

    public async Task StartMeshAsync()
    {
        Ztunnel = _network.Start(NodePrograms.Ztunnel(_network, _virtual.NamespaceName));
        await StartAgentAsync();
    }

    public async Task StartAgentAsync()
    {
        Agent = _network.Start(Node.Inside("agent", Path.Combine(AppContext.BaseDirectory, "ambient-cni-agent")) with
        {
            Environment = NodePrograms.AgentEnvironment(_network),
        });
        await Eventually.TrueAsync(async () => (await Node.RunAsync("curl", "-sf", "--max-time", "5", "http://127.0.0.1:8000/readyz")).ExitCode == 0);
    }

    /// <summary>What ztunnel knows: the pods at the addresses that they got.</summary>
    public void WriteModel(params (string Name, IPAddress Address)[] pods) => File.WriteAllText(
        Path.Combine(_network.Directory, "mesh.yaml"),
        "services: []\npolicies: []\nworkloads:\n" + string.Concat(pods.Select(p =>
            $"- {{uid: c//Pod/shop/{p.Name}, name: {p.Name}, namespace: shop, trustDomain: cluster.local, serviceAccount: {p.Name}, workloadIps: [\"{p.Address}\"], protocol: HBONE, services: {{}} }}\n")));

    /// <summary>Names of network namespaces that the runtime has made.</summary>
    public async Task<string[]> NetworksAsync() =>
        (await Node.RunAsync("ls", "/run/netns")).OrThrow().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async Task<string> RulesOfAsync(string network) => (await Node.RunAsync("nsenter", "--net=/run/netns/" + network, "nft", "list", "ruleset")).OrThrow().Output;

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await _network.DisposeAsync();
    }

    private void WriteManifests(string[] pods)
    {
        string text = "kind: Namespace\nmetadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}\n---\nkind: Namespace\nmetadata: {name: plain}\n";
        foreach (string pod in pods)
        {
            text += $$"""
                ---
                kind: Pod
                metadata: {name: {{pod}}, namespace: {{(pod.StartsWith("plain", StringComparison.Ordinal) ? "plain" : "shop")}}, uid: uid-{{pod}}}
                spec: {serviceAccountName: {{pod}}}
                status: {phase: Pending}

                """;
        }

        File.WriteAllText(Path.Combine(Manifests, "pods.yaml"), text);
    }
}

using System.Text.Json;
using Ambient.Testing.Cni;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Benchmarks.Cni;

/// <summary>A node with agent, ztunnel and a chain of plugins, whose pods are made by name.</summary>
internal sealed class CniNode : IAsyncDisposable
{
    private readonly CniOptions _options;
    private readonly TestNetwork _network = new();
    private readonly VirtualNode _node;
    private Peer _agent = null!;

    public CniNode(CniOptions options)
    {
        _options = options;
        _node = _network.AddNode("node1");
        Directory.CreateDirectory(Manifests);
        Chain = new CniChain(_node.NamespaceName, options.Plugin, Run, Path.Combine(_network.Directory, "ipam"));
    }

    public CniChain Chain { get; }

    private string Manifests => Path.Combine(_network.Directory, "manifests");

    private string Run => Path.Combine(_network.Directory, "run");

    private string Zds => Path.Combine(_network.Directory, "zds");

    public async ValueTask DisposeAsync() => await _network.DisposeAsync();

    public string NetworkOf(string pod) => _network.NameOf(pod);

    /// <summary>These pods and no others are known to the agent's source.</summary>
    public void List(IEnumerable<string> pods)
    {
        string draft = Path.Combine(Manifests, "new");
        File.WriteAllText(draft, "kind: Namespace\nmetadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}\n" + string.Concat(pods.Select(p =>
            $"---\nkind: Pod\nmetadata: {{name: {p}, namespace: shop, uid: uid-{p}, annotations: {{sandbox.ambient/network-namespace: /run/netns/{NetworkOf(p)}}}}}\nspec: {{serviceAccountName: sa}}\nstatus: {{phase: Pending}}\n")));
        File.Move(draft, Path.Combine(Manifests, "pods.yaml"), overwrite: true);
    }

    public async Task StartAsync()
    {
        string model = Path.Combine(_network.Directory, "mesh.yaml");
        File.WriteAllText(model, "services: []\npolicies: []\nworkloads: []\n");
        Start("ztunnel", _options.Ztunnel, ("FAKE_CA", "true"), ("FAKE_CA_DIR", Path.Combine(_network.Directory, "ca")), ("XDS_ADDRESS", ""), ("LOCAL_XDS_PATH", model), ("PROXY_MODE", "shared"), ("INPOD_UDS", Zds), ("PACKET_MARK", "1337"), ("IPV6_ENABLED", "false"), ("RUST_LOG", "warn"));
        StartAgent();
        await Eventually.TrueAsync(async () => (await Command.RunInAsync(_node.NamespaceName, "curl", ["-sf", "http://127.0.0.1:8000/readyz"])).ExitCode == 0, TimeSpan.FromSeconds(60));
    }

    // The nursery as the chart sets it.
    public void StartAgent() => _agent = Start("agent", _options.Agent, ("DOTNET_GCgen0size", "0x300000"), ("AMBIENT_MANIFEST_DIR", Manifests), ("AMBIENT_STATUS_DIR", Path.Combine(_network.Directory, "status")), ("CNI_AGENT_RUN_DIR", Run), ("ZTUNNEL_UDS_ADDRESS", Zds), ("AMBIENT_INSTALL", "false"), ("AMBIENT_IPV6", "false"));

    public Task KillAgentAsync() => _agent.Process.KillAsync();

    /// <summary>How many pods the agent has proven.</summary>
    public async Task<int> ProvenAsync()
    {
        string text = (await Command.RunInAsync(_node.NamespaceName, "curl", ["-s", "--max-time", "5", "http://127.0.0.1:8000/pods"])).Output;
        try
        {
            using JsonDocument pods = JsonDocument.Parse(text);
            return pods.RootElement.EnumerateArray().Count(p => p.GetProperty("proven").GetBoolean());
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    /// <summary>The agent's resident memory, in MiB.</summary>
    public double AgentMemory()
    {
        string line = File.ReadLines($"/proc/{_agent.Process.Id}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024.0;
    }

    /// <summary>An empty sandbox, as a runtime makes it.</summary>
    public void MakeSandbox(string pod)
    {
        Command.Run("ip", ["netns", "add", NetworkOf(pod)]).OrThrow();
        Command.Run("ip", ["-n", NetworkOf(pod), "link", "set", "lo", "up"]).OrThrow();
    }

    public void RemoveSandbox(string pod) => Command.Run("ip", ["netns", "del", NetworkOf(pod)]).OrThrow();

    private Peer Start(string name, string program, params (string Name, string Value)[] environment) => _network.Start(new ProcessPlan(name, program)
    {
        NamespaceName = _node.NamespaceName,
        LogPath = Path.Combine(_network.Directory, name + ".log"),
        Environment = environment.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal),
    });
}

using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.NodeAgents;
using Ambient.Linux.Namespaces;
using Ambient.Testing.Cni;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Plugins;

/// <summary>A node whose pods are made by a real chain of CNI plugins, with a real agent and ztunnel when they are started.</summary>
internal sealed class CniNode : IAsyncDisposable
{
    public const int Port = 9000;

    /// <summary>Ours: the one of this build, or the one that is shipped.</summary>
    private static readonly string Plugin = Environment.GetEnvironmentVariable("AMBIENT_CNI_PLUGIN") ?? Path.Combine(AppContext.BaseDirectory, "ambient-cni");

    private readonly TestNetwork _network = new();
    private readonly VirtualNode _node;
    private readonly List<string> _pods = [];

    public CniNode(params string[] pods)
    {
        _node = _network.AddNode("node1");
        Directory.CreateDirectory(Manifests);
        _pods.AddRange(pods);
        File.WriteAllText(Path.Combine(Manifests, "pods.yaml"), ManifestText());
        File.WriteAllText(Path.Combine(_network.Directory, "mesh.yaml"), ModelText());
        foreach (string pod in pods)
        {
            MakeSandbox(pod);
        }

        Chain = new CniChain(_node.NamespaceName, Plugin, RunDirectory, Path.Combine(_network.Directory, "ipam"));
    }

    public CniChain Chain { get; }

    public Peer Agent { get; private set; } = null!;

    public Peer Ztunnel { get; private set; } = null!;

    public string NodeNamespace => _node.NamespaceName;

    private string Manifests => Path.Combine(_network.Directory, "manifests");

    private string RunDirectory => Path.Combine(_network.Directory, "run");

    public string NetworkOf(string pod) => _network.NameOf(pod);

    /// <summary>host-local counts up from the gateway.</summary>
    public IPAddress AddressOf(string pod) => new([10, 77, 0, (byte)(2 + _pods.IndexOf(pod))]);

    /// <summary>An empty sandbox, as a runtime makes it before it calls CNI.</summary>
    public void MakeSandbox(string pod)
    {
        Command.Run("ip", ["netns", "add", NetworkOf(pod)]).OrThrow();
        Command.Run("ip", ["-n", NetworkOf(pod), "link", "set", "lo", "up"]).OrThrow();
    }

    public void RemoveSandbox(string pod) => Command.Run("ip", ["netns", "del", NetworkOf(pod)]).OrThrow();

    public async Task StartAsync()
    {
        Ztunnel = _network.Start(NodePrograms.Ztunnel(_network, _node.NamespaceName));
        Agent = _network.Start(new ProcessPlan("agent", Path.Combine(AppContext.BaseDirectory, "ambient-cni-agent"))
        {
            NamespaceName = _node.NamespaceName,
            LogPath = Path.Combine(_network.Directory, "agent.log"),
            Environment = NodePrograms.AgentEnvironment(_network),
        });
        await Eventually.TrueAsync(async () => (await Command.RunInAsync(_node.NamespaceName, "curl", ["-sf", "--max-time", "5", "http://127.0.0.1:8000/readyz"])).ExitCode == 0, TimeSpan.FromSeconds(30));
    }

    public async Task<string> RulesOfAsync(string pod) => (await Command.RunInAsync(NetworkOf(pod), "nft", ["list", "ruleset"])).OrThrow().Output;

    public async Task<bool> IsGuardedAsync(string pod) => (await RulesOfAsync(pod)).Contains("table inet ambient-guard", StringComparison.Ordinal);

    public Task<PacketCapture> CaptureAsync(params string[] filter) => _network.CaptureAsync(_node.NamespaceName, "cni0", filter);

    public Socket Listen(string? pod)
    {
        Socket socket = In(pod, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        socket.Bind(new IPEndPoint(IPAddress.Any, Port));
        socket.Listen();
        return socket;
    }

    /// <summary>Connects and sends a word; null when it arrived, else what failed. A null end is the node.</summary>
    public async Task<string?> ExchangeAsync(string? from, IPAddress to, Socket listener, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            using Socket client = In(from, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await client.ConnectAsync(new IPEndPoint(to, Port), deadline.Token);
            await client.SendAsync("word"u8.ToArray(), deadline.Token);
            using Socket server = await listener.AcceptAsync(deadline.Token);
            byte[] buffer = new byte[4];
            return await server.ReceiveAsync(buffer, deadline.Token) == 4 ? null : "the word did not arrive";
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    public async ValueTask DisposeAsync() => await _network.DisposeAsync();

    private T In<T>(string? pod, Func<T> function)
    {
        if (pod is null)
        {
            return _node.Namespace.Run(function);
        }

        using NetworkNamespace network = NetworkNamespace.Open("/run/netns/" + NetworkOf(pod));
        return network.Run(function);
    }

    private string ManifestText()
    {
        string text = """
            kind: Namespace
            metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
            ---
            kind: Namespace
            metadata: {name: plain}

            """;
        foreach (string pod in _pods)
        {
            text += $$"""
                ---
                kind: Pod
                metadata:
                  name: {{pod}}
                  namespace: {{(pod.StartsWith("plain", StringComparison.Ordinal) ? "plain" : "shop")}}
                  uid: uid-{{pod}}
                  annotations: {sandbox.ambient/network-namespace: /run/netns/{{NetworkOf(pod)}}}
                spec: {serviceAccountName: {{pod}}}
                status: {phase: Pending}

                """;
        }

        return text;
    }

    private string ModelText() => "services: []\npolicies: []\nworkloads:\n" + string.Concat(_pods.Select(pod =>
        $"- {{uid: c//Pod/shop/{pod}, name: {pod}, namespace: shop, trustDomain: cluster.local, serviceAccount: {pod}, workloadIps: [\"{AddressOf(pod)}\"], protocol: HBONE, services: {{}} }}\n"));
}

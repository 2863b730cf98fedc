using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>A node with a real agent and a real ztunnel, pods from manifests, and nobody in between.</summary>
internal sealed class AgentNode : IAsyncDisposable
{
    public const int Port = 9000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly TestNetwork _network = new();
    private readonly List<VirtualPod> _pods = [];
    private readonly HashSet<string> _listed = [];
    private readonly string _redirection;
    private readonly Dictionary<string, string> _environment;
    private bool _labelled = true;

    private AgentNode(string redirection, Dictionary<string, string> environment) => (_redirection, _environment) = (redirection, environment);

    /// <summary>Shell commands that the agent's process runs in a mount namespace of its own before it becomes the agent; empty for none.</summary>
    public string Prelude { get; set; } = "";

    public VirtualPod Client => _pods[0];

    public VirtualPod Server => _pods[1];

    public Peer Agent { get; private set; } = null!;

    public Peer Ztunnel { get; private set; } = null!;

    public string Directory => _network.Directory;

    public string PluginSocket => Path.Combine(_network.Directory, "run", "pluginevent.sock");

    private string Manifests => Path.Combine(_network.Directory, "manifests");

    private string StatusFile(VirtualPod pod) => Path.Combine(_network.Directory, "status", $"bench.{pod.Name}.json");

    /// <summary>Two running pods of a labelled namespace; the agent is started last.</summary>
    public static Task<AgentNode> StartAsync(string redirection = "translation", params string[] more) => StartAsync(redirection, [], more);

    /// <summary>As above, with more of the agent's environment.</summary>
    public static async Task<AgentNode> StartAsync(string redirection, Dictionary<string, string> environment, params string[] more)
    {
        AgentNode node = await PrepareAsync(redirection, environment, more);
        try
        {
            node.StartAgent();
            await node.UntilAsync(node.Client, proven: true);
            await node.UntilAsync(node.Server, proven: true);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>All but the agent, which the test starts.</summary>
    public static async Task<AgentNode> PrepareAsync(string redirection, Dictionary<string, string> environment, params string[] more)
    {
        var node = new AgentNode(redirection, environment);
        try
        {
            foreach (string name in (string[])["client", "server", .. more])
            {
                node._pods.Add(node._network.AddPod(name));
            }

            System.IO.Directory.CreateDirectory(node.Manifests);
            node._listed.UnionWith(["client", "server"]);
            node.WriteManifests();
            if (environment.ContainsKey("AMBIENT_STRICT"))
            {
                node.WriteStrictServer();
            }

            node.WriteModel();
            node.StartZtunnel();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    public VirtualPod Pod(string name) => _pods.Single(p => p.Name == name);

    public void StartAgent()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "ambient-cni-agent");
        Dictionary<string, string> environment = new(NodePrograms.AgentEnvironment(_network), StringComparer.Ordinal)
        {
            ["AMBIENT_PROOF_INTERVAL"] = "1",
            ["AMBIENT_REDIRECTION"] = _redirection,
        };
        foreach ((string name, string value) in _environment)
        {
            environment[name] = value;
        }

        (string first, string[] words) = Prelude.Length == 0 ? (program, Array.Empty<string>()) : ("/usr/bin/unshare", ["--mount", "/bin/sh", "-ec", Prelude + "\nexec \"$0\"", program]);
        Agent = _network.Start(new ProcessPlan("agent", first, words)
        {
            NamespaceName = Client.Node.NamespaceName,
            LogPath = Path.Combine(_network.Directory, "agent.log"),
            Environment = environment,
        });
    }

    /// <summary>What the end of the agent's DaemonSet runs.</summary>
    public async Task UninstallAsync() => (await Command.RunInAsync(Client.Node.NamespaceName, "env", [
        "MOUNTED_CNI_NET_DIR=" + _network.Directory,
        "CNI_AGENT_RUN_DIR=" + Path.Combine(_network.Directory, "run"),
        "AMBIENT_MANIFEST_DIR=" + Manifests,
        Path.Combine(AppContext.BaseDirectory, "ambient-cni-agent"),
        "uninstall"])).OrThrow();

    /// <summary>The node's own tables of nftables.</summary>
    public async Task<string> TablesOfNodeAsync() => (await Command.RunInAsync(Client.Node.NamespaceName, "nft", ["list", "tables"])).OrThrow().Output;

    public IPEndPoint ServerEndPoint => new(Server.Address, Port);

    public void StartZtunnel() => Ztunnel = _network.Start(NodePrograms.Ztunnel(_network, Client.Node.NamespaceName));

    /// <summary>Labels the namespace, or takes the label away.</summary>
    public void Label(bool labelled)
    {
        _labelled = labelled;
        WriteManifests();
    }

    /// <summary>Lists a pod as known to the source, or no more.</summary>
    public void List(VirtualPod pod, bool listed)
    {
        _ = listed ? _listed.Add(pod.Name) : _listed.Remove(pod.Name);
        WriteManifests();
    }

    /// <summary>Waits until the agent says that a pod is in the mesh, or is not in it at all.</summary>
    public async Task UntilAsync(VirtualPod pod, bool proven)
    {
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    bool isReported = File.Exists(StatusFile(pod));
                    return await StateAsync(pod) is not { } state ? !proven && !isReported
                        : state.GetProperty("proven").GetBoolean() == proven && (proven ? state.GetProperty("reported").GetString() == "Enabled" : !isReported);
                },
                Patience);
        }
        catch (Xunit.Sdk.XunitException e)
        {
            throw new Xunit.Sdk.XunitException($"{pod.Name} proven={proven}: {await StateAsync(pod)}\n{Agent.Process.LogTail(40)}", e);
        }
    }

    public Task ReportedAsync(VirtualPod pod, string text) => Eventually.TrueAsync(() => File.Exists(StatusFile(pod)) && File.ReadAllText(StatusFile(pod)).Contains(text, StringComparison.Ordinal), Patience);

    public Task RunAsync(VirtualPod pod, params string[] words) => _network.RunAsync(pod, words[0], words[1..]);

    public async Task<string> RulesOfAsync(VirtualPod pod) => await _network.RunAsync(pod, "nft", "list", "ruleset");

    /// <summary>Posts to the plugin's socket as a plugin does; status and body.</summary>
    public async Task<(int Status, string Body)> PostAsync(string path, string body)
    {
        var start = new ProcessStartInfo("curl", ["-sS", "--max-time", "20", "--unix-socket", PluginSocket, "-w", "\n%{http_code}", "-H", "Content-Type: application/json", "-d", body, "http://unix" + path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process curl = Process.Start(start)!;
        string output = await curl.StandardOutput.ReadToEndAsync();
        string errors = await curl.StandardError.ReadToEndAsync();
        await curl.WaitForExitAsync();
        Assert.True(curl.ExitCode == 0, errors);
        int end = output.LastIndexOf('\n');
        return (int.Parse(output[(end + 1)..], System.Globalization.CultureInfo.InvariantCulture), output[..end]);
    }

    public static string Event(VirtualPod pod, string more = "") => $$"""
        {"Netns":"/run/netns/{{pod.NamespaceName}}","PodName":"{{pod.Name}}","PodNamespace":"bench","IPs":[{"Interface":null,"Address":{"IP":"{{pod.Address}}","Mask":"////AA=="},"Gateway":""}]{{more}}}
        """;

    public static Socket Listen(VirtualPod pod)
    {
        Socket socket = pod.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        socket.Bind(new IPEndPoint(IPAddress.Any, Port));
        socket.Listen();
        return socket;
    }

    /// <summary>Connects and exchanges a word; null when all went well, else what failed.</summary>
    public static async Task<string?> ExchangeAsync(VirtualPod from, VirtualPod to, Socket listener)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        try
        {
            using Socket client = from.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await client.ConnectAsync(new IPEndPoint(to.Address, Port), deadline.Token);
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

    /// <summary>A connection with both ends.</summary>
    public static async Task<(Socket Client, Socket Server)> ConnectAsync(VirtualPod from, VirtualPod to, Socket listener)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        Socket client = from.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync(new IPEndPoint(to.Address, Port), deadline.Token);
        return (client, await listener.AcceptAsync(deadline.Token));
    }

    public async ValueTask DisposeAsync() => await _network.DisposeAsync();

    /// <summary>Records what crosses the bridge of the node's pods.</summary>
    public Task<PacketCapture> CaptureAsync() => _network.CaptureAsync(Client.Node.NamespaceName, "pods", "tcp", "or", "udp");

    public Task<string> RoutingOfAsync(VirtualPod pod) => _network.RunAsync(pod, "ip", "rule");

    /// <summary>Connections of a pod that the agent lists as spared; null while it does not know the pod.</summary>
    public async Task<string[]?> SparedAsync(VirtualPod pod) => await StateAsync(pod) is { } state ? [.. state.GetProperty("spared").EnumerateArray().Select(f => f.GetString()!)] : null;

    /// <summary>Connections that the proxy of a pod which left still carries; null while the agent does not know the pod.</summary>
    public async Task<string[]?> CarriedAsync(VirtualPod pod) => await StateAsync(pod) is { } state ? [.. state.GetProperty("carried").EnumerateArray().Select(f => f.GetString()!)] : null;

    private async Task<JsonElement?> StateAsync(VirtualPod pod)
    {
        try
        {
            string text = (await Command.RunInAsync(Client.Node.NamespaceName, "curl", ["-sS", "--max-time", "5", "http://127.0.0.1:8000/pods"])).Output;
            using JsonDocument document = JsonDocument.Parse(text);
            foreach (JsonElement element in document.RootElement.EnumerateArray().Where(e => e.GetProperty("name").GetString() == "bench/" + pod.Name))
            {
                return element.Clone();
            }
        }
        catch (JsonException)
        {
            // The agent starts or ends.
        }

        return null;
    }

    private void WriteManifests()
    {
        string text = $"kind: Namespace\nmetadata: {{name: bench, labels: {{istio.io/dataplane-mode: {(_labelled ? "ambient" : "none")}}}}}\n";
        foreach (VirtualPod pod in _pods.Where(p => _listed.Contains(p.Name)))
        {
            text += $$"""
                ---
                kind: Pod
                metadata:
                  name: {{pod.Name}}
                  namespace: bench
                  uid: uid-{{pod.Name}}
                  labels: {app: {{pod.Name}}}
                  annotations: {sandbox.ambient/network-namespace: /run/netns/{{pod.NamespaceName}}}
                spec: {serviceAccountName: {{pod.Name}}}
                status: {phase: Running, podIP: {{pod.Address}}}

                """;
        }

        File.WriteAllText(Path.Combine(Manifests, "new"), text);
        File.Move(Path.Combine(Manifests, "new"), Path.Combine(Manifests, "pods.yaml"), overwrite: true);
    }

    private void WriteStrictServer() => File.WriteAllText(Path.Combine(Manifests, "peers.yaml"), """
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: strict, namespace: bench}
        spec: {selector: {matchLabels: {app: server}}, mtls: {mode: STRICT}}

        """);

    private void WriteModel()
    {
        string text = "services: []\npolicies: []\nworkloads:\n";
        foreach (VirtualPod pod in _pods)
        {
            text += $"- {{uid: c//Pod/bench/{pod.Name}, name: {pod.Name}, namespace: bench, trustDomain: cluster.local, serviceAccount: {pod.Name}, workloadIps: [\"{pod.Address}\"], protocol: HBONE, services: {{}} }}\n";
        }

        File.WriteAllText(Path.Combine(_network.Directory, "mesh.yaml"), text);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>
/// A client and a server pod, each captured by a ztunnel of its own in dedicated mode, and a pod that is not in the mesh. The model
/// is a local file, the authority a directory that both share.
/// </summary>
internal sealed class MeshPair : IAsyncDisposable
{
    public const int Port = 9000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private MeshPlan _plan;
    private readonly TestNetwork _network = new();
    private readonly string _model;
    private int _lives;

    private MeshPair(MeshPlan plan)
    {
        _plan = plan;
        VirtualNode first = _network.AddNode("node1");
        Client = first.AddPod("client");
        Server = (plan.IsTwoNodes ? _network.AddNode("node2") : first).AddPod("server");
        Stranger = first.AddPod("stranger");
        _model = Path.Combine(_network.Directory, "mesh.yaml");
    }

    public VirtualPod Client { get; }

    public VirtualPod Server { get; }

    public VirtualPod Stranger { get; }

    public Peer ClientProxy { get; private set; } = null!;

    public Peer ServerProxy { get; private set; } = null!;

    /// <summary>The agent of the first node; in shared mode only.</summary>
    public NodeAgent? Agent { get; private set; }

    /// <summary>The agent of the server's node; the same one when there is but one node.</summary>
    public NodeAgent? ServerAgent { get; private set; }

    /// <summary>The network, for programs of the test's own.</summary>
    public TestNetwork Network => _network;

    /// <summary>The authority's directory.</summary>
    public string Authority => Path.Combine(_network.Directory, "authority");

    /// <summary>The Service's address.</summary>
    public static IPEndPoint Service { get; } = new(IPAddress.Parse("10.96.0.10"), Port);

    /// <summary>The Service's IPv6 address, where both families are on.</summary>
    public static IPEndPoint ServiceV6 { get; } = new(IPAddress.Parse("fd00:10:96::10"), Port);

    public IPEndPoint ServerAddress => new(Server.Address, Port);

    public IPEndPoint ServerAddressV6 => new(Server.AddressV6, Port);

    public static Task<MeshPair> StartAsync(string policies = "[]", string serverPolicies = "[]") => StartAsync(new MeshPlan { Policies = policies, ServerPolicies = serverPolicies });

    /// <summary>Both proxies with more settings.</summary>
    public static Task<MeshPair> StartWithAsync(params (string Name, string Value)[] settings) => StartAsync(new MeshPlan { ClientSettings = settings, ServerSettings = settings });

    /// <summary>Each proxy with more settings of its own.</summary>
    public static Task<MeshPair> StartSidesAsync((string Name, string Value)[] client, (string Name, string Value)[] server) => StartAsync(new MeshPlan { ClientSettings = client, ServerSettings = server });

    /// <summary>Both proxies; the server's may have no more than so many open files.</summary>
    public static Task<MeshPair> StartLimitedAsync(int descriptors) => StartAsync(new MeshPlan { ServerDescriptors = descriptors });

    /// <summary>A ztunnel for one pod only; the other is uncaptured, and what serves it is the test's business.</summary>
    public static async Task<MeshPair> StartOneSidedAsync(bool client)
    {
        var mesh = new MeshPair(new MeshPlan());
        try
        {
            mesh.WriteModel("[]", "[]");
            VirtualPod pod = client ? mesh.Client : mesh.Server;
            await mesh.CaptureAsync(pod);
            mesh.ClientProxy = mesh.ServerProxy = mesh.StartProxy(pod, []);
            await mesh.ClientProxy.LineAsync("ztunnel is running");
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Both proxies as planned.</summary>
    public static async Task<MeshPair> StartAsync(MeshPlan plan)
    {
        var mesh = new MeshPair(plan);
        try
        {
            if (plan.Prepare is not null)
            {
                mesh._plan = plan = await plan.Prepare(mesh);
            }

            mesh.WriteModel(plan.Policies, plan.ServerPolicies);
            await mesh.CaptureAsync(mesh.Client);
            await mesh.CaptureAsync(mesh.Server);
            mesh.StartServerProxy();
            mesh.StartClientProxy();
            await mesh.ServerProxy.LineAsync("ztunnel is running");
            await mesh.ClientProxy.LineAsync("ztunnel is running");
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Captures another pod and serves it by a proxy of its own, whose workload has the pod's name.</summary>
    public async Task<Peer> ServeAsync(VirtualPod pod, params (string Name, string Value)[] settings)
    {
        await CaptureAsync(pod);
        Peer proxy = StartProxy(pod, settings);
        await proxy.LineAsync("ztunnel is running");
        return proxy;
    }

    /// <summary>Starts the server's proxy, also again after it was killed.</summary>
    public void StartServerProxy() => ServerProxy = StartProxy(Server, _plan.ServerSettings, _plan.ServerDescriptors);

    /// <summary>Starts the client's proxy, also again after it was killed.</summary>
    public void StartClientProxy() => ClientProxy = StartProxy(Client, _plan.ClientSettings, _plan.ClientDescriptors);

    /// <summary>One ztunnel on each node instead, which gets its pods from its node's agent.</summary>
    public static async Task<MeshPair> StartSharedAsync(MeshPlan? plan = null)
    {
        plan ??= new MeshPlan();
        var mesh = new MeshPair(plan);
        try
        {
            plan.PrepareShared?.Invoke(mesh);
            if (plan.Prepare is not null)
            {
                mesh._plan = plan = await plan.Prepare(mesh);
            }

            mesh.WriteModel(plan.Policies, plan.ServerPolicies);
            await mesh.CaptureAsync(mesh.Client);
            await mesh.CaptureAsync(mesh.Server);
            (mesh.Agent, mesh.ClientProxy) = await mesh.StartNodeAsync(mesh.Client.Node, plan.ClientSettings, plan.IsTwoNodes ? [mesh.Client] : [mesh.Client, mesh.Server]);
            (mesh.ServerAgent, mesh.ServerProxy) = plan.IsTwoNodes ? await mesh.StartNodeAsync(mesh.Server.Node, plan.ServerSettings, [mesh.Server]) : (mesh.Agent, mesh.ClientProxy);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server's node's ztunnel again after it was killed; its agent has its pods.</summary>
    public void StartServerNodeProxy() => ServerProxy = StartNodeProxy(Server.Node, _plan.ServerSettings);

    /// <summary>The same on the client's node.</summary>
    public void StartClientNodeProxy() => ClientProxy = StartNodeProxy(Client.Node, _plan.ClientSettings);

    /// <summary>Captures another pod and has its node's ztunnel serve it; in shared mode only.</summary>
    public async Task EnrolAsync(VirtualPod pod)
    {
        await CaptureAsync(pod);
        NodeAgent agent = pod.Node == Client.Node ? Agent! : ServerAgent!;
        await Task.Run(() => agent.Add(pod));
    }

    /// <summary>Writes the model; the proxies watch the file, so it is replaced in one step.</summary>
    public void WriteModel(string policies, string serverPolicies)
    {
        bool dual = _plan.IsDualStack;
        string V6(string text) => dual ? ", " + text : "";
        string text = $$$"""
            services:
            - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{{Service.Address}}}"{{{V6($"\"/{ServiceV6.Address}\"")}}}], ports: {9000: 9000}}
            policies: {{{policies}}}
            workloads:
            - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{{Client.Address}}}"{{{V6($"\"{Client.AddressV6}\"")}}}], protocol: HBONE, services: {} }
            - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{{Server.Address}}}"{{{V6($"\"{Server.AddressV6}\"")}}}], protocol: HBONE, authorizationPolicies: {{{serverPolicies}}}, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} } }
            - {uid: c//Pod/mesh/ztunnel, name: ztunnel, namespace: mesh, trustDomain: cluster.local, serviceAccount: ztunnel, workloadIps: ["{{{Client.Node.Address}}}"], protocol: HBONE, services: {} }
            """;
        WriteText(text);
    }

    /// <summary>Replaces the model by another and waits until the proxies have it, which a marker among its names tells.</summary>
    public async Task ReplaceModelAsync(string text, string marker, params VirtualPod[] proxied)
    {
        WriteText(text);
        foreach (VirtualPod pod in proxied)
        {
            await Eventually.TrueAsync(async () => IsInForce(await GetAsync(pod, 15000, "/config_dump"), marker));
        }
    }

    /// <summary>The same in shared mode, on every node.</summary>
    public async Task ReplaceModelOnNodesAsync(string text, string marker)
    {
        WriteText(text);
        foreach (VirtualNode node in _network.Nodes)
        {
            await Eventually.TrueAsync(async () => IsInForce(await GetOnNodeAsync(node, 15000, "/config_dump"), marker));
        }
    }

    // The file itself is in the dump as well, and earlier than what was made of it.
    private static bool IsInForce(string dump, string marker)
    {
        using JsonDocument json = JsonDocument.Parse(dump);
        return new[] { "services", "workloads" }.Any(list => json.RootElement.GetProperty(list).GetRawText().Contains(marker, StringComparison.Ordinal));
    }

    /// <summary>Listens in a pod as an application does.</summary>
    public static Socket Listen(VirtualPod pod, int port = Port) => Listen(pod, new IPEndPoint(IPAddress.Any, port));

    /// <summary>Listens in a pod on one of its addresses.</summary>
    public static Socket Listen(VirtualPod pod, IPEndPoint address)
    {
        Socket socket = NewSocket(pod, address.AddressFamily);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        socket.Bind(address);
        socket.Listen();
        return socket;
    }

    /// <summary>Connects from a pod as an application does.</summary>
    public static Socket Connect(VirtualPod pod, IPEndPoint target)
    {
        Socket socket = NewSocket(pod, target.AddressFamily);
        try
        {
            socket.Connect(target);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects from a pod without holding a thread.</summary>
    public static async Task<Socket> ConnectAsync(VirtualPod pod, IPEndPoint target)
    {
        Socket socket = NewSocket(pod, target.AddressFamily);
        using var deadline = new CancellationTokenSource(Deadline);
        await socket.ConnectAsync(target, deadline.Token);
        return socket;
    }

    /// <summary>Accepts with a deadline.</summary>
    public static async Task<Socket> AcceptAsync(Socket listener)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        Socket accepted = await listener.AcceptAsync(deadline.Token);
        accepted.ReceiveTimeout = accepted.SendTimeout = (int)Deadline.TotalMilliseconds;
        return accepted;
    }

    /// <summary>GET over plain HTTP from inside a pod, on loopback.</summary>
    public Task<string> GetAsync(VirtualPod pod, int port, string path) =>
        _network.RunAsync(pod, "curl", "-sS", "--max-time", "10", $"http://127.0.0.1:{port}{path}");

    /// <summary>The same from inside a node.</summary>
    public static async Task<string> GetOnNodeAsync(VirtualNode node, int port, string path) =>
        (await Command.RunInAsync(node.NamespaceName, "curl", ["-sS", "--max-time", "10", $"http://127.0.0.1:{port}{path}"])).OrThrow().Output;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Agent?.Dispose();
        ServerAgent?.Dispose();
        await _network.DisposeAsync();
    }

    /// <summary>Replaces the model by any text, in one step, and waits for nothing.</summary>
    public void WriteText(string text)
    {
        File.WriteAllText(_model + ".new", text);
        File.Move(_model + ".new", _model, overwrite: true);
    }

    private static Socket NewSocket(VirtualPod pod, AddressFamily family)
    {
        Socket socket = pod.Namespace.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        socket.ReceiveTimeout = socket.SendTimeout = (int)Deadline.TotalMilliseconds;
        return socket;
    }

    private Task CaptureAsync(VirtualPod pod) => new PodRedirection(
        pod.Namespace,
        new RedirectionOptions { Method = _plan.Method, PodAddresses = _plan.IsDualStack ? [pod.Address, pod.AddressV6] : [pod.Address], DnsCapture = false, Ipv6 = _plan.IsDualStack }).ApplyAsync(CancellationToken.None);

    private async Task<(NodeAgent Agent, Peer Proxy)> StartNodeAsync(VirtualNode node, (string Name, string Value)[] settings, VirtualPod[] pods)
    {
        var agent = new NodeAgent(AgentSocket(node));
        Peer proxy = StartNodeProxy(node, settings);
        await Task.Run(() =>
        {
            agent.Accept();
            Array.ForEach(pods, agent.Add);
            agent.EndSnapshot();
        });
        return (agent, proxy);
    }

    private string AgentSocket(VirtualNode node) => Path.Combine(_network.Directory, "zds-" + node.Name);

    private Peer StartNodeProxy(VirtualNode node, (string Name, string Value)[] settings) =>
        Start(node.Name, node.NamespaceName, null, [("PROXY_MODE", "shared"), ("INPOD_UDS", AgentSocket(node)), .. settings]);

    private Peer StartProxy(VirtualPod pod, (string Name, string Value)[] settings, int? descriptors = null) =>
        Start(pod.Name, pod.NamespaceName, descriptors, [("PROXY_MODE", "dedicated"), ("PROXY_WORKLOAD_INFO", $"bench/{pod.Name}/{pod.Name}"), .. settings]);

    private Peer Start(string name, string namespaceName, int? descriptors, params (string Name, string Value)[] mode)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["FAKE_CA"] = "true",
            ["FAKE_CA_DIR"] = Authority,
            ["XDS_ADDRESS"] = "",
            ["LOCAL_XDS_PATH"] = _model,
            ["PACKET_MARK"] = "1337",
            ["ZTUNNEL_WORKER_THREADS"] = "2",
            ["IPV6_ENABLED"] = _plan.IsDualStack ? "true" : "false",
            ["ISTIO_META_DNS_CAPTURE"] = "false",
            ["RUST_LOG"] = "info",
        };
        foreach ((string variable, string value) in mode)
        {
            environment[variable] = value;
        }

        // A file for each life: two of them write side by side while one takes over from the other.
        string program = Path.Combine(AppContext.BaseDirectory, "ztunnel");
        return _network.Start(
            new ProcessPlan("ztunnel-" + name, descriptors is null ? program : "prlimit", descriptors is null ? [] : [$"--nofile={descriptors}:{descriptors}", program])
            {
                NamespaceName = namespaceName,
                LogPath = Path.Combine(_network.Directory, $"ztunnel-{name}-{Interlocked.Increment(ref _lives)}.log"),
                Environment = environment,
            });
    }
}

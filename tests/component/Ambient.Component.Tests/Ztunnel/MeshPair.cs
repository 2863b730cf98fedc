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

    /// <summary>The node agent; in shared mode only.</summary>
    public NodeAgent? Agent { get; private set; }

    /// <summary>The network, for programs of the test's own.</summary>
    public TestNetwork Network => _network;

    /// <summary>The authority's directory.</summary>
    public string Authority => Path.Combine(_network.Directory, "authority");

    /// <summary>The Service's address.</summary>
    public static IPEndPoint Service { get; } = new(IPAddress.Parse("10.96.0.10"), Port);

    public IPEndPoint ServerAddress => new(Server.Address, Port);

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
            mesh.ClientProxy = mesh.StartProxy(mesh.Client, plan.ClientSettings);
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

    /// <summary>Starts the server's proxy, also again after it was killed.</summary>
    public void StartServerProxy() => ServerProxy = StartProxy(Server, _plan.ServerSettings, _plan.ServerDescriptors);

    /// <summary>One ztunnel on the node instead, which gets both pods from the node agent.</summary>
    public static async Task<MeshPair> StartSharedAsync(params (string Name, string Value)[] settings)
    {
        var mesh = new MeshPair(new MeshPlan());
        try
        {
            mesh.WriteModel("[]", "[]");
            await mesh.CaptureAsync(mesh.Client);
            await mesh.CaptureAsync(mesh.Server);
            string socket = Path.Combine(mesh._network.Directory, "zds");
            mesh.Agent = new NodeAgent(socket);
            mesh.ClientProxy = mesh.ServerProxy = mesh.Start("node", mesh.Client.Node.NamespaceName, null, [("PROXY_MODE", "shared"), ("INPOD_UDS", socket), .. settings]);
            await Task.Run(() =>
            {
                mesh.Agent.Accept();
                mesh.Agent.Add(mesh.Client);
                mesh.Agent.Add(mesh.Server);
                mesh.Agent.EndSnapshot();
            });
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the model; the proxies watch the file, so it is replaced in one step.</summary>
    public void WriteModel(string policies, string serverPolicies)
    {
        string text = $$$"""
            services:
            - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{{Service.Address}}}"], ports: {9000: 9000}}
            policies: {{{policies}}}
            workloads:
            - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{{Client.Address}}}"], protocol: HBONE, services: {} }
            - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{{Server.Address}}}"], protocol: HBONE, authorizationPolicies: {{{serverPolicies}}}, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} } }
            - {uid: c//Pod/mesh/ztunnel, name: ztunnel, namespace: mesh, trustDomain: cluster.local, serviceAccount: ztunnel, workloadIps: ["{{{Client.Node.Address}}}"], protocol: HBONE, services: {} }
            """;
        ReplaceModel(text);
    }

    /// <summary>Replaces the model by another and waits until the proxies have it, which a marker among its names tells.</summary>
    public async Task ReplaceModelAsync(string text, string marker, params VirtualPod[] proxied)
    {
        ReplaceModel(text);
        foreach (VirtualPod pod in proxied)
        {
            await Eventually.TrueAsync(async () => IsInForce(await GetAsync(pod, 15000, "/config_dump"), marker));
        }
    }

    // The file itself is in the dump as well, and earlier than what was made of it.
    private static bool IsInForce(string dump, string marker)
    {
        using JsonDocument json = JsonDocument.Parse(dump);
        return new[] { "services", "workloads" }.Any(list => json.RootElement.GetProperty(list).GetRawText().Contains(marker, StringComparison.Ordinal));
    }

    /// <summary>Listens in a pod as an application does.</summary>
    public static Socket Listen(VirtualPod pod, int port = Port)
    {
        Socket socket = NewSocket(pod);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        socket.Listen();
        return socket;
    }

    /// <summary>Connects from a pod as an application does.</summary>
    public static Socket Connect(VirtualPod pod, IPEndPoint target)
    {
        Socket socket = NewSocket(pod);
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
        Socket socket = NewSocket(pod);
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Agent?.Dispose();
        await _network.DisposeAsync();
    }

    private void ReplaceModel(string text)
    {
        File.WriteAllText(_model + ".new", text);
        File.Move(_model + ".new", _model, overwrite: true);
    }

    private static Socket NewSocket(VirtualPod pod)
    {
        Socket socket = pod.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.ReceiveTimeout = socket.SendTimeout = (int)Deadline.TotalMilliseconds;
        return socket;
    }

    private Task CaptureAsync(VirtualPod pod) => new PodRedirection(
        pod.Namespace,
        new RedirectionOptions { Method = _plan.Method, PodAddresses = [pod.Address], DnsCapture = false, Ipv6 = false }).ApplyAsync(CancellationToken.None);

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
            ["IPV6_ENABLED"] = "false",
            ["ISTIO_META_DNS_CAPTURE"] = "false",
            ["RUST_LOG"] = "info",
        };
        foreach ((string variable, string value) in mode)
        {
            environment[variable] = value;
        }

        string program = Path.Combine(AppContext.BaseDirectory, "ztunnel");
        return _network.Start(
            new ProcessPlan("ztunnel-" + name, descriptors is null ? program : "prlimit", descriptors is null ? [] : [$"--nofile={descriptors}:{descriptors}", program])
            {
                NamespaceName = namespaceName,
                LogPath = Path.Combine(_network.Directory, "ztunnel-" + name + ".log"),
                Environment = environment,
            });
    }
}

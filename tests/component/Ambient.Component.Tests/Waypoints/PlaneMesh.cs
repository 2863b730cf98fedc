using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>
/// A client and a server pod behind ztunnels of their own, a waypoint, and a control plane on a folder of manifests that all three get their certificates and their
/// state from. Service <c>cart</c> is bound to the waypoint; <c>v1</c> and <c>v2</c> are what its routes may lead to.
/// </summary>
internal sealed class PlaneMesh : IAsyncDisposable
{
    public const int HttpPort = 9000;

    /// <summary>The name of a second replica, for tests that start one.</summary>
    public const string Second = "waypoint-b";

    /// <summary>The name, the account and the Gateway of a captured waypoint, for tests that start one.</summary>
    public const string Captured = "captured";

    private readonly MeshPair _pair;
    private readonly string _manifests;
    private readonly string _root;

    private PlaneMesh(MeshPair pair)
    {
        _pair = pair;
        _manifests = Path.Combine(pair.Network.Directory, "manifests");
        _root = Path.Combine(pair.Network.Directory, "root.pem");
    }

    public MeshPair Pair => _pair;

    public Peer Plane { get; private set; } = null!;

    public Peer Waypoint { get; private set; } = null!;

    public static Task<PlaneMesh> StartAsync(params (string Name, string Value)[] waypoint) => StartSidesAsync([], waypoint);

    /// <summary>The same with more settings of the ztunnel, too.</summary>
    public static async Task<PlaneMesh> StartSidesAsync((string Name, string Value)[] ztunnel, (string Name, string Value)[] waypoint)
    {
        PlaneMesh? mesh = null;
        (string Name, string Value)[] places = new (string Name, string Value)[20];
        Array.Fill(places, ("UNUSED", ""));
        MeshPair pair = await MeshPair.StartSharedAsync(new MeshPlan
        {
            ClientSettings = places,
            PrepareShared = pair =>
            {
                mesh = new PlaneMesh(pair);
                mesh.StartPlaneAsync().GetAwaiter().GetResult();
                mesh.Connection("ztunnel", "istio-system").Concat(ztunnel).ToArray().CopyTo(places, 0);
            },
        });
        try
        {
            mesh!.StartWaypoint(waypoint);
            await mesh.Waypoint.LineAsync("waypoint is running");
            return mesh;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces a file of manifests in one step; the folder does not see half of it.</summary>
    public void Manifest(string name, string yaml)
    {
        string path = Path.Combine(_manifests, name + ".yaml");
        File.WriteAllText(path + ".new", yaml);
        File.Move(path + ".new", path, overwrite: true);
    }

    public void StartPlane() => Plane = _pair.Network.Start(new ProcessPlan("ambientd", Path.Combine(AppContext.BaseDirectory, "ambientd"))
    {
        NamespaceName = _pair.Client.Node.NamespaceName,
        LogPath = Path.Combine(_pair.Network.Directory, "ambientd.log"),
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AMBIENT_MANIFEST_DIR"] = _manifests,
            ["AMBIENT_TOKEN_FILE"] = Path.Combine(_pair.Network.Directory, "tokens"),
            ["AMBIENT_CA_DIR"] = Path.Combine(_pair.Network.Directory, "ca"),
            ["ISTIOD_CUSTOM_HOST"] = "localhost",
            ["CA_TRUSTED_NODE_ACCOUNTS"] = "istio-system/ztunnel",
        },
    });

    public void StartWaypoint(params (string Name, string Value)[] settings) => Waypoint = StartReplica(_pair.Stranger, "waypoint", settings);

    /// <summary>Takes a file of manifests away.</summary>
    public void NoManifest(string name) => File.Delete(Path.Combine(_manifests, name + ".yaml"));

    /// <summary>Starts a waypoint in a pod.</summary>
    public Peer StartReplica(VirtualPod pod, string name, params (string Name, string Value)[] settings) => StartGateway(pod, name, "waypoint", settings);

    /// <summary>Starts the waypoint or gateway of an account in a pod.</summary>
    public Peer StartGateway(VirtualPod pod, string name, string account, params (string Name, string Value)[] settings)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal) { ["TERMINATION_DRAIN_DURATION_SECONDS"] = "5", ["MINIMUM_DRAIN_DURATION"] = "0s" };
        foreach ((string variable, string value) in Connection(name, "bench", account).Concat(settings))
        {
            environment[variable] = value;
        }

        return _pair.Network.Start(new ProcessPlan(name, Path.Combine(AppContext.BaseDirectory, "waypoint"))
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(_pair.Network.Directory, name + ".log"),
            Environment = environment,
        });
    }

    /// <summary>The authority's certificate and key in one file; it exists once the control plane runs.</summary>
    public string AuthorityPath => Directory.GetFiles(Path.Combine(_pair.Network.Directory, "ca")).Single();

    /// <summary>Sends bytes to the service from the client's pod and reads the answer until it is whole.</summary>
    public string Ask(string request)
    {
        using Socket socket = MeshPair.Connect(_pair.Client, new IPEndPoint(MeshPair.Service.Address, HttpPort));
        return WaypointMesh.Ask(socket, request);
    }

    /// <summary>Puts a Service before the waypoint, whose endpoints are those replicas that are ready.</summary>
    public void Replicas(params (string Name, IPAddress Address, bool IsReady)[] replicas) => Manifest("mesh", Mesh(replicas));

    public async ValueTask DisposeAsync() => await _pair.DisposeAsync();

    private async Task StartPlaneAsync()
    {
        Directory.CreateDirectory(_manifests);
        await File.WriteAllTextAsync(
            Path.Combine(_pair.Network.Directory, "tokens"),
            $"ztunnel-token,istio-system,ztunnel,ztunnel,uid-ztunnel\nwaypoint-token,bench,waypoint,waypoint,uid-waypoint\n{Second}-token,bench,waypoint,{Second},uid-{Second}\ncanary-token,bench,canary,canary,uid-canary\nedge-token,bench,edge,edge,uid-edge\n{Captured}-token,bench,{Captured},{Captured},uid-{Captured}\n");
        Manifest("mesh", Mesh([]));
        StartPlane();
        string ca = Path.Combine(_pair.Network.Directory, "ca");
        await Plane.LineAsync("ambientd\tready");
        await File.WriteAllTextAsync(_root, (await File.ReadAllTextAsync(Directory.GetFiles(ca).Single())).Split("-----BEGIN PRIVATE")[0]);
    }

    private (string Name, string Value)[] Connection(string who, string @namespace, string? account = null) =>
    [
        ("POD_NAME", who), ("POD_NAMESPACE", @namespace), ("SERVICE_ACCOUNT", account ?? who), ("NODE_NAME", "node1"), ("FAKE_CA", "false"), ("LOCAL_XDS_PATH", ""), ("CLUSTER_ID", "Kubernetes"), ("AUTH_TOKEN", who + "-token"),
        ("XDS_ADDRESS", $"https://{_pair.Client.Node.Address}:15012"), ("CA_ADDRESS", $"https://{_pair.Client.Node.Address}:15012"),
        ("XDS_ROOT_CA", _root), ("CA_ROOT_CA", _root), ("ALT_XDS_HOSTNAME", "localhost"), ("ALT_CA_HOSTNAME", "localhost"),
    ];

    /// <summary>The manifests that it begins with.</summary>
    public string Mesh() => Mesh([]);

    private string Mesh((string Name, IPAddress Address, bool IsReady)[] replicas) => $$$"""
        {{{Pod("ztunnel", _pair.Client.Node.Address, "istio-system")}}}
        {{{Pod("client", _pair.Client.Address)}}}
        {{{Pod("server", _pair.Server.Address)}}}
        {{{(replicas.Length == 0 ? Pod("waypoint", _pair.Stranger.Address) : string.Join('\n', replicas.Select(replica => Pod(replica.Name, replica.Address, "bench", "waypoint", replica.IsReady))))}}}
        {{{(replicas.Length == 0 ? "" : WaypointService)}}}
        {{{Service("cart", "10.96.0.10", 9001, "waypoint")}}}
        {{{Service("v1", "10.96.0.11", 9001, "none")}}}
        {{{Service("v2", "10.96.0.12", 9002, "none")}}}
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: bench}
        spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
        status: {addresses: [{type: {{{(replicas.Length == 0 ? "IPAddress" : "Hostname")}}}, value: {{{(replicas.Length == 0 ? _pair.Stranger.Address.ToString() : "waypoint.bench.svc.cluster.local")}}}}]}
        """;

    private const string WaypointService = """
        apiVersion: v1
        kind: Service
        metadata: {name: waypoint, namespace: bench}
        spec: {clusterIP: 10.96.0.20, clusterIPs: [10.96.0.20], selector: {app: waypoint}, ports: [{name: mesh, port: 15008, protocol: TCP, appProtocol: hbone}]}
        ---
        """;

    private static string Pod(string name, IPAddress address, string @namespace = "bench", string? app = null, bool isReady = true) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: {{{@namespace}}}, uid: uid-{{{name}}}, labels: {app: {{{app ?? name}}}, istio.io/dataplane-mode: ambient}, annotations: {ambient.istio.io/redirection: enabled}}
        spec: {serviceAccountName: {{{app ?? name}}}, nodeName: node1}
        status: {phase: Running, podIP: {{{address}}}, podIPs: [{ip: {{{address}}}}], conditions: [{type: Ready, status: "{{{isReady}}}"}]}
        ---
        """;

    private static string Service(string name, string address, int target, string waypoint) => $$$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}, namespace: bench, labels: {istio.io/use-waypoint: {{{waypoint}}}}}
        spec: {clusterIP: {{{address}}}, clusterIPs: [{{{address}}}], selector: {app: server}, ports: [{name: http, port: {{{HttpPort}}}, targetPort: {{{target}}}, protocol: TCP}]}
        ---
        """;
}

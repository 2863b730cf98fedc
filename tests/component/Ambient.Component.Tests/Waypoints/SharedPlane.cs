using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>
/// A <see cref="PlaneMesh"/> for tests that share it one after the other: beside it a canary waypoint, an ingress gateway, and a pod outside of the mesh. Manifests that a
/// test adds are taken away by the next one.
/// </summary>
public sealed class SharedPlane : IAsyncLifetime
{
    /// <summary>A request for the service that is bound to the waypoint.</summary>
    internal const string Get = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";

    private const string CartLabels = "{name: cart, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}";
    private readonly HashSet<string> _added = [];
    private HttpBackend? _first;
    private HttpBackend? _second;
    private HttpBackend? _outside;

    internal PlaneMesh Mesh { get; private set; } = null!;

    internal VirtualPod Client => Mesh.Pair.Client;

    internal VirtualPod Server => Mesh.Pair.Server;

    internal VirtualPod Primary => Mesh.Pair.Stranger;

    internal VirtualPod Canary { get; private set; } = null!;

    internal VirtualPod Edge { get; private set; } = null!;

    internal VirtualPod Outside { get; private set; } = null!;

    internal Peer CanaryProcess { get; private set; } = null!;

    internal Peer EdgeProcess { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Requirement.MissingRoot() is not null || Requirement.MissingTools("nft") is not null)
        {
            return;
        }

        Mesh = await PlaneMesh.StartSidesAsync([("ISTIO_META_DNS_CAPTURE", "true")], []);
        Canary = Client.Node.AddPod("canary");
        Edge = Client.Node.AddPod("edge");
        Outside = Client.Node.AddPod("outside");
        Mesh.Manifest("more", More());
        MeshConfig("");
        CanaryProcess = Mesh.StartGateway(Canary, "canary", "canary");
        EdgeProcess = Mesh.StartGateway(Edge, "edge", "edge");
        _first = HttpBackend.Start(Server, 9001, "v1");
        _second = HttpBackend.Start(Server, 9002, "v2");
        _outside = HttpBackend.Start(Outside, 8080, "outside");
        await CanaryProcess.LineAsync("waypoint is running");
        await EdgeProcess.LineAsync("waypoint is running");
    }

    public async Task DisposeAsync()
    {
        _first?.Dispose();
        _second?.Dispose();
        _outside?.Dispose();
        if (Mesh is not null)
        {
            await Mesh.DisposeAsync();
        }
    }

    /// <summary>Puts everything back as it was at the beginning, and waits until that is in force for the service.</summary>
    internal async Task BeginAsync()
    {
        foreach (string name in _added)
        {
            Mesh.NoManifest(name);
        }

        _added.Clear();
        MeshConfig("");
        Cart("", "");
        await Eventually.TrueAsync(() => Ask(Get) is var answer && answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) && CameFrom(answer, Primary));
    }

    /// <summary>Adds or replaces a file of manifests.</summary>
    internal void Manifest(string name, string yaml)
    {
        _added.Add(name);
        Mesh.Manifest(name, yaml);
    }

    /// <summary>Takes one away.</summary>
    internal void NoManifest(string name)
    {
        _added.Remove(name);
        Mesh.NoManifest(name);
    }

    /// <summary>Settings of the mesh beside that requests are logged: YAML in flow style, with a comma in front.</summary>
    internal void MeshConfig(string more) => Mesh.Manifest("config", $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: istio, namespace: istio-system}
        data:
          mesh: '{accessLogFile: /dev/stdout{{more}}}'
        """);

    /// <summary>Gives the service, which is bound to the waypoint unless another is named, more labels and annotations, each with a comma in front.</summary>
    internal void Cart(string labels, string annotations, string waypoint = "waypoint") => Mesh.Manifest(
        "mesh",
        Mesh.Mesh().Replace(CartLabels, $"{{name: cart, namespace: bench, labels: {{istio.io/use-waypoint: {waypoint}{labels}}}, annotations: {{ambient.mesh/test: \"1\"{annotations}}}}}", StringComparison.Ordinal));

    /// <summary>The answer to a request of the client for the service.</summary>
    internal string Ask(string request) => Ask(Client, new IPEndPoint(MeshPair.Service.Address, PlaneMesh.HttpPort), request);

    /// <summary>The answer; what is wrong when there is none.</summary>
    internal static string Ask(VirtualPod from, IPEndPoint to, string request)
    {
        try
        {
            using Socket socket = MeshPair.Connect(from, to);
            return WaypointMesh.Ask(socket, request);
        }
        catch (SocketException refused)
        {
            return refused.Message;
        }
    }

    /// <summary>Whether the backend was connected to by a pod.</summary>
    internal static bool CameFrom(string answer, VirtualPod pod) => answer.Contains($"x-peer: {pod.Address}\r\n", StringComparison.OrdinalIgnoreCase);

    /// <summary>Asks curl in the pod outside of the mesh for a host at the gateway; everything that it said.</summary>
    internal async Task<string> CurlAsync(string url, params string[] arguments)
    {
        Uri uri = new(url);
        return (await Mesh.Pair.Network.TryRunAsync(Outside, "curl", ["-sSi", "--max-time", "10", "--resolve", $"{uri.Host}:{uri.Port}:{Edge.Address}", .. arguments, url])).Text;
    }

    private string More() => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: canary, namespace: bench, uid: uid-canary, labels: {app: canary, istio.io/dataplane-mode: ambient}, annotations: {ambient.istio.io/redirection: enabled}}
        spec: {serviceAccountName: canary, nodeName: node1}
        status: {phase: Running, podIP: {{{Canary.Address}}}, podIPs: [{ip: {{{Canary.Address}}}}], conditions: [{type: Ready, status: "True"}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: edge, namespace: bench, uid: uid-edge, labels: {app: edge}}
        spec: {serviceAccountName: edge, nodeName: node1}
        status: {phase: Running, podIP: {{{Edge.Address}}}, podIPs: [{ip: {{{Edge.Address}}}}], conditions: [{type: Ready, status: "True"}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: canary, namespace: bench}
        spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
        status: {addresses: [{type: IPAddress, value: {{{Canary.Address}}}}]}
        """;
}

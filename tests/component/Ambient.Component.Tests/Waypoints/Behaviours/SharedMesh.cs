using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>
/// One mesh for many tests: control plane, ztunnel and waypoint as processes, and a second pod of the server. Each test has services, names and ports of its own;
/// the waypoint is for services and for those workloads that name it.
/// </summary>
public sealed partial class SharedMesh : IAsyncLifetime
{
    /// <summary>The collection that shares it.</summary>
    public const string Collection = "one mesh of the waypoint";

    private PlaneMesh? _mesh;

    internal PlaneMesh Mesh => _mesh ?? throw new InvalidOperationException("this machine has no mesh; the test is to be skipped");

    internal MeshPair Pair => Mesh.Pair;

    /// <summary>The second pod that serves; <c>app: second</c>, and with the first one <c>pair: both</c>.</summary>
    internal VirtualPod Second { get; private set; } = null!;

    /// <summary>A pod outside of the mesh.</summary>
    internal VirtualPod Outside { get; private set; } = null!;

    /// <summary>A directory with the authority of the mesh, for <c>ForeignIdentity</c>.</summary>
    internal string Authority => Path.Combine(Pair.Network.Directory, "authority");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if ((Requirement.MissingRoot() ?? Requirement.MissingTools("nft")) is not null)
        {
            return;
        }

        _mesh = await PlaneMesh.StartAsync();
        Second = Pair.Client.Node.AddPod("second");
        Outside = Pair.Client.Node.AddPod("outside");
        Mesh.Manifest("mesh", Mesh.Mesh()
            .Replace("labels: {app: server,", "labels: {app: server, pair: both,", StringComparison.Ordinal)
            .Replace("metadata: {name: waypoint, namespace: bench}", "metadata: {name: waypoint, namespace: bench, labels: {istio.io/waypoint-for: all}}", StringComparison.Ordinal));
        Mesh.Manifest("second", Pod(Second, "app: second, pair: both, istio.io/dataplane-mode: ambient", "containers: [{name: app, ports: [{name: web, containerPort: 8090}]}]"));
        await Pair.EnrolAsync(Second);
        Directory.CreateDirectory(Authority);
        File.Copy(Directory.GetFiles(Path.Combine(Pair.Network.Directory, "ca")).Single(), Path.Combine(Authority, "root.pem"));
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_mesh is not null)
        {
            await _mesh.DisposeAsync();
        }
    }

    /// <summary>A pod as the control plane is told of it; captured unless the labels say otherwise.</summary>
    internal static string Pod(VirtualPod pod, string labels, string spec = "", bool isCaptured = true) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{pod.Name}}, namespace: bench, uid: uid-{{pod.Name}}, labels: { {{labels}} }{{(isCaptured ? ", annotations: {ambient.istio.io/redirection: enabled}" : "")}} }
        spec: {serviceAccountName: {{pod.Name}}, nodeName: node1{{(spec.Length > 0 ? ", " + spec : "")}} }
        status: {phase: Running, podIP: {{pod.Address}}, podIPs: [{ip: {{pod.Address}}}], conditions: [{type: Ready, status: "True"}]}
        """;

    /// <summary>A Service; bound to the waypoint unless it says otherwise.</summary>
    internal static string Service(string name, string address, string selector, string ports, string labels = "istio.io/use-waypoint: waypoint") => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}}, namespace: bench, labels: { {{labels}} } }
        spec: {clusterIP: {{address}}, clusterIPs: [{{address}}], selector: { {{selector}} }, ports: [{{ports}}]}
        """;

    internal static string Rule(string host, string policy, string more = "") => $$"""
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: {{host}}, namespace: bench}
        spec: {host: {{host}}, trafficPolicy: { {{policy}} }{{more}} }
        """;

    internal static string Routes(string host, string http) => $$"""
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: {{host}}, namespace: bench}
        spec: {hosts: [{{host}}], http: [{{http}}]}
        """;

    /// <summary>Gives the control plane objects, under a name of the test's own. Returns once the ztunnel knows the addresses: what it does not know it looks for in vain, for seconds.</summary>
    internal async Task ApplyAsync(string name, params string[] objects)
    {
        string yaml = string.Join("\n---\n", objects);
        Mesh.Manifest(name, yaml);
        string[] addresses = [.. ClusterAddress().Matches(yaml).Select(static match => $"/{match.Groups[1].Value}\"")];
        await Eventually.TrueAsync(async () =>
        {
            string dump = await MeshPair.GetOnNodeAsync(Pair.Client.Node, 15000, "/config_dump");
            return addresses.All(address => dump.Contains(address, StringComparison.Ordinal));
        });
    }

    /// <summary>What is answered to a request from the client; empty when the connection is refused or ends without an answer.</summary>
    internal string Ask(string address, int port, string request = "GET / HTTP/1.1\r\nHost: any\r\n\r\n") => Ask(Pair.Client, IPAddress.Parse(address), port, request);

    /// <summary>The same from another pod.</summary>
    internal static string Ask(VirtualPod from, IPAddress address, int port, string request = "GET / HTTP/1.1\r\nHost: any\r\n\r\n")
    {
        try
        {
            using Socket socket = MeshPair.Connect(from, new IPEndPoint(address, port));
            return WaypointMesh.Ask(socket, request);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    /// <summary>Asks until the answer has a text in it.</summary>
    internal async Task<string> UntilAsync(string address, int port, string text, string request = "GET / HTTP/1.1\r\nHost: any\r\n\r\n")
    {
        string answer = "";
        await Eventually.PassesAsync(() =>
        {
            answer = Ask(address, port, request);
            Assert.Contains(text, answer, StringComparison.Ordinal);
            return Task.CompletedTask;
        });
        return answer;
    }

    /// <summary>Waits until the ztunnel has said that it has led a connection for that address to the waypoint.</summary>
    internal async Task PassedAsync(string target) =>
        Assert.Contains("dst.workload=\"waypoint\"", await Pair.ClientProxy.LineAsync($"dst.hbone_addr={target} "), StringComparison.Ordinal);

    /// <summary>What curl prints.</summary>
    internal async Task<string> CurlAsync(params string[] arguments) =>
        (await Pair.Network.TryRunAsync(Pair.Client, "curl", ["-sS", "--max-time", "10", .. arguments])).Output;

    /// <summary>An endpoint that speaks HTTP/2 and nothing else.</summary>
    internal async Task<Peer> ServeHttp2Async(VirtualPod pod, int port, string name)
    {
        Peer node = Pair.Network.Start(new ProcessPlan($"http2server-{name}", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "http2server.js"), $"{port}", name)
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(Pair.Network.Directory, $"http2server-{name}.log"),
        });
        await node.LineAsync("LISTENING");
        return node;
    }

    [GeneratedRegex("clusterIP: ([0-9.]+)")]
    private static partial Regex ClusterAddress();
}

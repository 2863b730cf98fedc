using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>HTTP/2 through a whole mesh, with clients and endpoints of other makes: Node, nghttp2, curl.</summary>
public sealed class Http2PathTests
{
    private const int Http2Backend = 9003;

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-27")]
    [Trait("behaviour", "WP-29")]
    public async Task Streams_TrailersAndErrors_PassBothWays()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        Peer server = await ServeAsync(mesh, Http2Backend);
        await ServeAsync(mesh, WaypointMesh.RawPort);

        await SpeaksHttp2Async(mesh, WaypointMesh.RawPort);
        await SpeaksHttp2Async(mesh, WaypointMesh.GrpcPort);
        Assert.DoesNotContain("smuggled", server.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("SEEN POST /short", server.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
        Assert.Contains("\"POST /echo HTTP/2\" 200 - via_upstream", mesh.Waypoint.Log, StringComparison.Ordinal);
        Assert.Contains("upstream_reset_after_response_started{remote_reset}", mesh.Waypoint.Log, StringComparison.Ordinal);

        // A client of HTTP/1.1 reaches the same endpoint.
        string old = await mesh.Pair.Network.RunAsync(mesh.Pair.Client, "curl", "-sSi", "--max-time", "10", "--http1.1", "-d", "hello", $"http://{MeshPair.Service.Address}:{WaypointMesh.GrpcPort}/old");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", old, StringComparison.Ordinal);
        Assert.Contains("SEEN POST /old 5", server.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-33")]
    public async Task WebSockets_PassInWhateverVersionEitherSideSpeaks()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        Peer old = await SocketServerAsync(mesh, 9001, 1);
        Peer young = await SocketServerAsync(mesh, Http2Backend, 2);
        Assert.Equal("open echo undefined same\n", await SocketAsync(mesh, WaypointMesh.HttpPort, 2, "/a"));
        Assert.Equal("open echo true same\n", await SocketAsync(mesh, WaypointMesh.HttpPort, 1, "/b"));
        Assert.Equal("open echo undefined same\n", await SocketAsync(mesh, WaypointMesh.GrpcPort, 2, "/c"));
        Assert.Equal("open echo true same\n", await SocketAsync(mesh, WaypointMesh.GrpcPort, 1, "/d"));
        await Eventually.TrueAsync(() => Task.FromResult(old.Log.Split("ENDED").Length == 3 && young.Log.Split("ENDED").Length == 3));
        Assert.Contains("ASKED GET websocket /a 0\nENDED\nASKED GET websocket /b 0\n", old.Log, StringComparison.Ordinal);
        Assert.Contains("ASKED CONNECT websocket /c undefined\nENDED\nASKED CONNECT websocket /d undefined\n", young.Log, StringComparison.Ordinal);
        Assert.Contains("\"GET /a HTTP/2\" 101 - via_upstream", mesh.Waypoint.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    private static async Task<Peer> SocketServerAsync(WaypointMesh mesh, int port, int version)
    {
        Peer node = mesh.Pair.Network.Start(new ProcessPlan($"websocket{port}", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "websocketserver.js"), $"{port}", $"{version}")
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, $"websocket{port}.log"),
        });
        await node.LineAsync("LISTENING");
        return node;
    }

    private static Task<string> SocketAsync(WaypointMesh mesh, int port, int version, string path) => mesh.Pair.Network.RunAsync(
        mesh.Pair.Client, "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "websocketclient.js"), $"{MeshPair.Service.Address}", $"{port}", $"{version}", path);

    private static async Task SpeaksHttp2Async(WaypointMesh mesh, int port)
    {
        string[] got = (await NodeAsync(mesh, port)).Split('\n');
        Assert.Contains("plain 200 10 a=b; c=d istio-envoy 0", got);
        Assert.Contains("reset 200 3 2", got);
        Assert.Contains("refuse 503 0", got);
        Assert.Contains("trailers-only 5 true 0", got);
        Assert.Contains("short true 1", got);
        Assert.Contains("long true 1", got);
        Assert.Contains("talk 100 0", got);
        Assert.Contains("bulk true", got);
        Assert.Contains("many true", got);
    }

    [RequiresToolFact("nft,curl,h2load,nghttp", root: true)]
    public async Task Http2Clients_ReachAnEndpointOfHttp1_AndAreDrained()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        string url = $"http://{MeshPair.Service.Address}:{WaypointMesh.HttpPort}/a?b";

        string curl = await mesh.Pair.Network.RunAsync(mesh.Pair.Client, "curl", "-sSi", "--max-time", "10", "--http2-prior-knowledge", "-H", "te: trailers", url);
        Assert.StartsWith("HTTP/2 200", curl, StringComparison.Ordinal);
        Assert.Contains("v1\nGET /a?b HTTP/1.1\r\nhost: ", curl, StringComparison.Ordinal);
        string load = await mesh.Pair.Network.RunAsync(mesh.Pair.Client, "h2load", "-n", "2000", "-c", "4", "-m", "20", url);
        Assert.Contains("2000 succeeded, 0 failed, 0 errored", load, StringComparison.Ordinal);

        // An idle connection of HTTP/2 is told to go; one that is busy would be answered first.
        using Socket idle = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        idle.ReceiveTimeout = 20_000;
        idle.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0]);
        byte[] buffer = new byte[4096];
        Assert.True(idle.Receive(buffer) > 0);
        await Eventually.TrueAsync(() => Task.FromResult(idle.Available == 0 || idle.Receive(buffer) > 0));
        mesh.Waypoint.Process.Signal(15);
        StringBuilder frames = new();
        try
        {
            while (idle.Receive(buffer) is int read and > 0)
            {
                frames.Append(Convert.ToHexString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // The tunnel around it may end first, after the frame.
        }

        // GOAWAY: length 8, type 7, stream 0.
        Assert.Contains("0000080700" + "00000000", frames.ToString(), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node,curl", root: true)]
    [Trait("behaviour", "WP-104")]
    [Trait("behaviour", "WP-105")]
    [Trait("behaviour", "WP-106")]
    [Trait("behaviour", "WP-108")]
    public async Task DestinationRule_DecidesTheVersion_AndTheProxyHeader()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], Rule("\"proxyProtocol\": {\"version\": \"V1\"}, \"tls\": {\"mode\": \"ISTIO_MUTUAL\"}"));
        using (HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1"))
        {
            string answer = mesh.Ask("GET /a HTTP/1.1\r\nHost: cart\r\n\r\n");
            Assert.Contains($"v1\nPROXY TCP4 {mesh.Pair.Client.Address} {MeshPair.Service.Address} ", answer, StringComparison.Ordinal);
        }

        await ServeAsync(mesh, 9001);
        mesh.Configure([], Rule("\"connectionPool\": {\"http\": {\"h2UpgradePolicy\": \"UPGRADE\"} }"));
        await Eventually.TrueAsync(async () => await StatusAsync(mesh, "--http1.1") == "200");
        Assert.Equal("200", await StatusAsync(mesh, "--http2-prior-knowledge"));

        mesh.Configure([], Rule("\"connectionPool\": {\"http\": {\"useClientProtocol\": true} }"));
        await Eventually.TrueAsync(async () => await StatusAsync(mesh, "--http1.1") != "200");
        Assert.Equal("200", await StatusAsync(mesh, "--http2-prior-knowledge"));
    }

    private static (string Kind, string Spec) Rule(string policy) => ("DestinationRule", $"{{\"host\": \"cart\", \"trafficPolicy\": {{{policy}}} }}");

    private static Task<string> StatusAsync(WaypointMesh mesh, string version) => mesh.Pair.Network.RunAsync(
        mesh.Pair.Client, "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", version, $"http://{MeshPair.Service.Address}:{WaypointMesh.HttpPort}/version");

    private static async Task<Peer> ServeAsync(WaypointMesh mesh, int port)
    {
        Peer node = mesh.Pair.Network.Start(new ProcessPlan($"http2server{port}", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "http2server.js"), $"{port}")
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, $"http2server{port}.log"),
        });
        await node.LineAsync("LISTENING");
        return node;
    }

    private static Task<string> NodeAsync(WaypointMesh mesh, int port) =>
        mesh.Pair.Network.RunAsync(mesh.Pair.Client, "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "http2client.js"), $"http://{MeshPair.Service.Address}:{port}");
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Clients that take longer to send a request than endpoints may take to answer it (waypoint reference 2.1.2). The pauses are what is tested.</summary>
public sealed class SlowClientTests
{
    private const int Http2Backend = 9003;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(600);

    private static readonly (string Kind, string Spec)[] Rules =
    [
        ("VirtualService", """
            {"hosts": ["cart"], "http": [
              {"match": [{"port": 9200}], "timeout": "1s", "retries": {"attempts": 1, "perTryTimeout": "1s", "retryOn": "reset"}, "route": [{"destination": {"host": "cart"} }]},
              {"timeout": "1s", "retries": {"attempts": 1, "perTryTimeout": "1s", "retryOn": "reset"}, "route": [{"destination": {"host": "v1"} }]}]}
            """),
        ("DestinationRule", """{"host": "v1", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 1, "baseEjectionTime": "3m", "maxEjectionPercent": 100} } }"""),
        ("DestinationRule", """{"host": "cart", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 1, "baseEjectionTime": "3m", "maxEjectionPercent": 100} } }"""),
    ];

    [RequiresToolFact("nft", root: true)]
    public async Task SlowUpload_ArrivesWhole_AndNoEndpointPaysForIt()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], Rules);
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            string request = await ScriptedBackend.ReadUntilAsync(socket, "hello");
            if (request.StartsWith("POST /up ", StringComparison.Ordinal))
            {
                await ScriptedBackend.SayAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                return;
            }

            // Whoever has a whole request and does not answer is too slow.
            await ScriptedBackend.ReadUntilAsync(socket, "never");
        });
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        await ScriptedBackend.SayAsync(client, "POST /up HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\n");
        foreach (char part in "hello")
        {
            await Task.Delay(Pause, TimeProvider.System);
            await ScriptedBackend.SayAsync(client, part.ToString());
        }

        Assert.EndsWith("\r\n\r\nok", WaypointMesh.Ask(client, ""), StringComparison.Ordinal);
        Assert.Equal(1, backend.Connections);

        // One that never sends the rest takes nobody out of service either.
        using Socket dribbler = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        await ScriptedBackend.SayAsync(dribbler, "POST /up HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhe");
        await Task.Delay(4 * Pause, TimeProvider.System);
        Assert.Equal(0, dribbler.Available);
        Assert.EndsWith("\r\n\r\nok", mesh.Ask("POST /up HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 504 ", mesh.Ask("POST /stall HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello"), StringComparison.Ordinal);
        Assert.Contains(" 503 UH ", await AfterAsync(mesh, "POST /up HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node", root: true)]
    public async Task StreamOfAClient_LastsAsLongAsItLikes()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], Rules);
        Peer node = mesh.Pair.Network.Start(new ProcessPlan("http2server", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "http2server.js"), $"{Http2Backend}")
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "http2server.log"),
        });
        await node.LineAsync("LISTENING");
        IPEndPoint calls = new(MeshPair.Service.Address, WaypointMesh.GrpcPort);
        using SocketsHttpHandler handler = new() { ConnectCallback = async (_, _) => new NetworkStream(await MeshPair.ConnectAsync(mesh.Pair.Client, calls), ownsSocket: true) };
        using HttpClient client = new(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        // The first endpoint answers when it has everything, the second one while it listens.
        foreach ((string path, string answer) in new[] { ("/collect", "xxxxxxxxxx"), ("/echo", "message-message-message-message-") })
        {
            using HttpRequestMessage call = new(HttpMethod.Post, new Uri($"http://{calls}{path}")) { Content = new SlowContent("message-", 4) };
            call.Headers.TryAddWithoutValidation("te", "trailers");
            using HttpResponseMessage response = await client.SendAsync(call);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(answer, await response.Content.ReadAsStringAsync());
        }

        Assert.Contains("SEEN POST /collect 32", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("ABORTED", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(" 504 ", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    private static async Task<string> AfterAsync(WaypointMesh mesh, string request)
    {
        Assert.StartsWith("HTTP/1.1 503 ", mesh.Ask(request), StringComparison.Ordinal);
        return await mesh.Waypoint.LineAsync(" 503 UH ");
    }

    private sealed class SlowContent : HttpContent
    {
        private readonly byte[] _part;
        private readonly int _times;

        public SlowContent(string part, int times)
        {
            (_part, _times) = (Encoding.ASCII.GetBytes(part), times);
            Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (int i = 0; i < _times; i++)
            {
                await stream.WriteAsync(_part);
                await stream.FlushAsync();
                await Task.Delay(Pause, TimeProvider.System);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

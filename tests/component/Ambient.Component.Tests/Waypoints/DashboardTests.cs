using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>A real Prometheus scrapes a real waypoint, and is asked what Kiali and Istio's dashboards ask.</summary>
public sealed class DashboardTests
{
    private const string Configuration = """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
        - job_name: kubernetes-pods
          metrics_path: /stats/prometheus
          static_configs: [{targets: ["127.0.0.1:15020"], labels: {app: waypoint}}]
        """;

    private const string Routes = """
        {"hosts": ["cart"], "http": [
          {"match": [{"uri": {"exact": "/own"}}], "directResponse": {"status": 418}},
          {"match": [{"uri": {"prefix": "/grpc"}}], "route": [{"destination": {"host": "v2"}}]},
          {"match": [{"uri": {"prefix": "/nobody"}}], "route": [{"destination": {"host": "v3"}}]},
          {"route": [{"destination": {"host": "v1"}}]}]}
        """;

    [RequiresToolFact("nft, prometheus, curl", root: true)]
    [Trait("behaviour", "WP-222")]
    [Trait("behaviour", "WP-224")]
    [Trait("behaviour", "WP-226")]
    public async Task KialisAndGrafanasQueries_HaveTheirAnswers()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Routes));
        using HttpBackend http = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using ScriptedBackend grpc = ScriptedBackend.Start(mesh.Pair.Server, 9002, AnswerGrpcAsync);
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, WaypointMesh.RawPort);
        await using Peer prometheus = await StartAsync(mesh);

        int rounds = 0;
        foreach (DashboardQuery query in DashboardQuery.OfKiali.Concat(DashboardQuery.OfGrafana))
        {
            string answer = "";
            bool isRight = false;
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(40));
            while (!isRight && !limit.IsCancellationRequested)
            {
                // Rates need samples before and after, so the traffic goes on while questions are asked.
                await RoundAsync(mesh);
                rounds++;
                answer = await AskAsync(mesh, query.Text);
                isRight = IsAnswered(query, answer);
            }

            Assert.True(isRight, $"{query.Purpose}: {query.Text}\n{answer}\n{prometheus.Log}");
        }

        // What was sent is what is counted, to the last one.
        await ExactlyAsync(mesh, 3L * rounds, "sum(istio_requests_total{destination_service=\"v1.bench.svc.cluster.local\",response_code=\"200\"})");
        await ExactlyAsync(mesh, rounds, "sum(istio_requests_total{destination_service_name=\"unknown\",response_code=\"418\",destination_workload=\"unknown\"})");
        await ExactlyAsync(mesh, rounds, "sum(istio_requests_total{response_flags=\"UH\",response_code=\"503\"})");
        await ExactlyAsync(mesh, rounds, "sum(istio_requests_total{request_protocol=\"grpc\",grpc_response_status=\"0\"})");
        await ExactlyAsync(mesh, 3L * rounds, "sum(istio_request_messages_total)");
        await ExactlyAsync(mesh, 2L * rounds, "sum(istio_response_messages_total)");
        await ExactlyAsync(mesh, rounds, "sum(istio_tcp_connections_closed_total{reporter=\"waypoint\",response_flags=\"-\"})");
        await ExactlyAsync(mesh, 6L * rounds, "sum(istio_request_duration_milliseconds_count)");
    }

    private static async Task ExactlyAsync(WaypointMesh mesh, long expected, string query) =>
        await Eventually.TrueAsync(async () => IsAnswered(new DashboardQuery("", query, [], expected, expected), await AskAsync(mesh, query)));

    private static async Task<Peer> StartAsync(WaypointMesh mesh)
    {
        string directory = Directory.CreateDirectory(Path.Combine(mesh.Pair.Network.Directory, "prometheus")).FullName;
        string file = Path.Combine(directory, "prometheus.yml");
        await File.WriteAllTextAsync(file, Configuration);
        return await mesh.Pair.Network.Start(new ProcessPlan("prometheus", "prometheus", $"--config.file={file}", $"--storage.tsdb.path={directory}/data", "--web.listen-address=127.0.0.1:9090")
        {
            NamespaceName = mesh.Pair.Stranger.NamespaceName,
            LogPath = Path.Combine(directory, "prometheus.log"),
        }).ReadyOnPortAsync(IPAddress.Loopback, 9090);
    }

    private static async Task RoundAsync(WaypointMesh mesh)
    {
        using (Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service))
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.StartsWith("HTTP/1.1 200 ", WaypointMesh.Ask(socket, "GET /plain HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
            }

            Assert.StartsWith("HTTP/1.1 418 ", WaypointMesh.Ask(socket, "GET /own HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 503 ", WaypointMesh.Ask(socket, "GET /nobody HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
            string call = $"POST /grpc.Service/Method HTTP/1.1\r\nHost: cart\r\ncontent-type: application/grpc\r\nContent-Length: 15\r\n\r\n{new string('\0', 15)}";
            Assert.StartsWith("HTTP/1.1 200 ", WaypointMesh.Ask(socket, call), StringComparison.Ordinal);
        }

        using Socket raw = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(MeshPair.Service.Address, WaypointMesh.RawPort));
        await EchoServer.ExchangeAsync(raw, 1);
    }

    private static async Task AnswerGrpcAsync(Socket socket, int number)
    {
        while ((await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n" + new string('\0', 15))).Length > 0)
        {
            await ScriptedBackend.SayAsync(socket, $"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 0\r\nContent-Length: 10\r\n\r\n{new string('\0', 10)}");
        }
    }

    private static Task<string> AskAsync(WaypointMesh mesh, string query) => mesh.Pair.GetAsync(mesh.Pair.Stranger, 9090, $"/api/v1/query?query={Uri.EscapeDataString(query)}");

    private static bool IsAnswered(DashboardQuery query, string answer)
    {
        using JsonDocument json = JsonDocument.Parse(answer);
        Assert.True(json.RootElement.GetProperty("status").GetString() == "success", $"{query.Text}\n{answer}");
        foreach (JsonElement result in json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            JsonElement metric = result.GetProperty("metric");
            bool isIt = Array.TrueForAll(query.Labels, label => metric.TryGetProperty(label[..label.IndexOf('=', StringComparison.Ordinal)], out JsonElement value) && value.GetString() == label[(label.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            if (isIt && double.Parse(result.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture) is var number && number >= query.Least && number <= query.Most)
            {
                return true;
            }
        }

        return false;
    }
}

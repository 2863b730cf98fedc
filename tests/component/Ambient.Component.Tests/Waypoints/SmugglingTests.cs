using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>
/// Requests that two readers could divide differently, sent through the waypoint to nginx and to Node's lenient parser: neither may ever see a request that the
/// waypoint did not route and log.
/// </summary>
public sealed class SmugglingTests
{
    private const string Inner = "GET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\n";
    private const string Routes = """{"hosts": ["cart"], "http": [{"match": [{"headers": {"to": {"exact": "nginx"} } }], "route": [{"destination": {"host": "v2"} }]}, {"route": [{"destination": {"host": "v1"} }]}]}""";

    private static readonly string[] Fields =
    [
        "Content-Length: {0}\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: {0}",
        "Content-Length: 0\r\nContent-Length: {0}",
        "Content-Length: {0}\r\nContent-Length: 0",
        "Content-Length: 0, {0}",
        "Content-Length: +{0}",
        "Content-Length: {0}",
        "Content-Length : {0}",
        "Content-Length:\r\n {0}",
        "Content-Length\t: {0}",
        "X: y\nContent-Length: {0}",
        "X: y\rContent-Length: {0}",
        "X: \0\r\nContent-Length: {0}",
        "Connection: content-length\r\nContent-Length: {0}",
        "Connection: close, Content-Length\r\nContent-Length: {0}",
        "Connection: transfer-encoding\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: \vchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "transfer_encoding: chunked\r\nContent-Length: {0}",
        "Expect: 100-continue\r\nContent-Length: {0}",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: {0}",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: {0}",
        "Host: other\r\nContent-Length: {0}",
        "Accept: */*",
    ];

    private static readonly string[] Bodies =
    [
        Inner,
        "0\r\n\r\n" + Inner,
        "0\r\nContent-Length: 5\r\n\r\n" + Inner,
        "0\n\n" + Inner,
        "00\r\n\r\n" + Inner,
        "5\r\nhello\r\n0\r\n\r\n" + Inner,
        "5;x\nhello\r\n0\r\n\r\n" + Inner,
        "5\r\nhello0\r\n\r\n" + Inner,
        "1 \r\nx\r\n0\r\n\r\n" + Inner,
        "0x1\r\nx\r\n0\r\n\r\n" + Inner,
        "10000000000000001\r\nx\r\n0\r\n\r\n" + Inner,
        "-1\r\n\r\n" + Inner,
        "26\r\n" + Inner + "\r\n0\r\n\r\n",
        "26\r\n" + Inner + "\r\n0\r\nx: y\r\n" + Inner,
    ];

    [RequiresToolFact("nft, node, nginx", root: true)]
    public async Task NobodySeesARequest_ThatTheWaypointDidNotRoute()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Routes));
        Peer node = await mesh.Pair.Network.Start(mesh.Pair.Server, "recorder", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "recorder.js"), "9001").ReadyOnLineAsync("LISTENING");
        string nginxLog = StartNginx(mesh);
        await Eventually.TrueAsync(() => Task.FromResult(mesh.Ask("GET /ready HTTP/1.1\r\nHost: cart\r\nTo: nginx\r\n\r\n").StartsWith("HTTP/1.1 200", StringComparison.Ordinal)));

        int seed = Environment.TickCount;
        Random random = new(seed);
        List<string> attacks = [.. from to in new[] { "", "To: nginx\r\n" } from fields in Fields from body in Bodies select Compose(to, fields, body)];
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(attacks));
        await Parallel.ForEachAsync(attacks.Take(500).Concat(attacks.Take(200).Select(attack => Mutate(random, attack)).ToArray()), new ParallelOptions { MaxDegreeOfParallelism = 8 }, (attack, _) => AttackAsync(mesh, attack));

        // Both are asked at last, so that everything before is told.
        Assert.StartsWith("HTTP/1.1 200", mesh.Ask("GET /end HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", mesh.Ask("GET /end HTTP/1.1\r\nHost: cart\r\nTo: nginx\r\n\r\n"), StringComparison.Ordinal);
        await node.LineAsync("GET /end");
        await Eventually.TrueAsync(() => Task.FromResult(Count(File.ReadAllText(nginxLog), "GET /end") > 0 && Count(mesh.Waypoint.Log, "\"GET /end ") >= 2));

        int routed = mesh.Waypoint.Log.Split('\n').Count(line => line.Contains("\"GET /smuggled HTTP/1.1\"", StringComparison.Ordinal) && line.Contains("via_upstream", StringComparison.Ordinal));
        int seen = Count(node.Log, "SEEN GET /smuggled") + Count(File.ReadAllText(nginxLog), "GET /smuggled");
        Assert.True(seen <= routed, $"seed {seed}: endpoints saw {seen} requests of which the waypoint routed {routed}");

        // Pipelined requests of plain bodies are routed, so the count means something.
        Assert.True(routed > 0 && Count(node.Log, "SEEN POST") > 10, $"seed {seed}: {routed} routed");
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    private static string Compose(string to, string fields, string body) =>
        $"POST /front HTTP/1.1\r\nHost: cart\r\n{to}{fields.Replace("{0}", body.Length.ToString(provider: null), StringComparison.Ordinal)}\r\n\r\n{body}";

    private static string Mutate(Random random, string attack)
    {
        char[] text = attack.ToCharArray();
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            text[random.Next(text.Length)] = "\r\n :\t0;,\0"[random.Next(9)];
        }

        return new string(text);
    }

    private static async ValueTask AttackAsync(WaypointMesh mesh, string attack)
    {
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        using CancellationTokenSource limit = new(TimeSpan.FromMilliseconds(400));
        byte[] buffer = new byte[16384];
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(attack), limit.Token);
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
                // Whatever the answers are: what the endpoints saw is what counts.
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Refused, or it waits for more.
        }
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static string StartNginx(WaypointMesh mesh)
    {
        string directory = Path.Combine(mesh.Pair.Network.Directory, "nginx");
        Directory.CreateDirectory(directory);
        string log = Path.Combine(directory, "access.log");
        File.WriteAllText(Path.Combine(directory, "nginx.conf"), $$"""
            daemon off; pid {{directory}}/nginx.pid; error_log {{directory}}/error.log;
            events {}
            http {
              log_format seen '$request_method $request_uri $request_length'; access_log {{log}} seen;
              client_body_temp_path {{directory}}/body; proxy_temp_path {{directory}}/proxy; fastcgi_temp_path {{directory}}/f; uwsgi_temp_path {{directory}}/u; scgi_temp_path {{directory}}/s;
              server { listen 9002; location / { return 200 "ok"; } }
            }
            """);
        mesh.Pair.Network.Start(new ProcessPlan("nginx", "nginx", "-p", directory, "-c", Path.Combine(directory, "nginx.conf")) { NamespaceName = mesh.Pair.Server.NamespaceName, LogPath = Path.Combine(directory, "out.log") });
        return log;
    }
}

using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Endpoints that fail, stall and lie; messages of unusual form.</summary>
public sealed class WaypointFaultTests
{
    private const string Rules = """
        {"hosts": ["cart"], "http": [
          {"match": [{"uri": {"exact": "/reset"} }], "retries": {"attempts": 3, "retryOn": "reset"}, "route": [{"destination": {"host": "v1"} }]},
          {"match": [{"uri": {"exact": "/5xx"} }], "retries": {"attempts": 2, "retryOn": "5xx"}, "route": [{"destination": {"host": "v1"} }]},
          {"match": [{"uri": {"exact": "/try"} }], "timeout": "20s", "retries": {"attempts": 2, "perTryTimeout": "300ms", "retryOn": "gateway-error"}, "route": [{"destination": {"host": "v1"} }]},
          {"match": [{"uri": {"exact": "/slow"} }], "timeout": "400ms", "route": [{"destination": {"host": "v1"} }]},
          {"route": [{"destination": {"host": "v1"} }]}]}
        """;

    private const string Good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-73")]
    [Trait("behaviour", "WP-72")]
    public async Task Requests_AreSentAgainAsTheRouteSays_Whole()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Rules));
        List<string> bodies = [];
        using (ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, number) =>
        {
            string request = await ScriptedBackend.ReadUntilAsync(socket, "hello");
            lock (bodies)
            {
                bodies.Add(request[^5..]);
            }

            await ScriptedBackend.SayAsync(socket, number < 3 ? "" : Good);
        }))
        {
            Assert.EndsWith("\r\n\r\nok", mesh.Ask("POST /reset HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello"), StringComparison.Ordinal);
            Assert.Equal(["hello", "hello", "hello"], bodies);
        }

        using (ScriptedBackend failing = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
            await ScriptedBackend.SayAsync(socket, "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops");
        }))
        {
            Assert.StartsWith("HTTP/1.1 500 ", mesh.Ask("GET /5xx HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
            Assert.Equal(3, failing.Connections);
            Assert.StartsWith("HTTP/1.1 500 ", mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
            Assert.Equal(4, failing.Connections);
            Assert.Contains(" 500 URX ", await mesh.Waypoint.LineAsync("/5xx"), StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task EndpointsThatStall_AreGivenUp()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Rules));
        TaskCompletionSource never = new();
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, number) =>
        {
            string request = await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
            if (request.StartsWith("GET /slow", StringComparison.Ordinal) || number == 1)
            {
                await never.Task;
            }

            await ScriptedBackend.SayAsync(socket, Good);
        });

        // The first try stalls, the second is answered.
        Assert.EndsWith("\r\n\r\nok", mesh.Ask("GET /try HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        string late = mesh.Ask("GET /slow HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 504 Gateway Timeout\r\n", late, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nupstream request timeout", late, StringComparison.Ordinal);
        Assert.Contains(" 504 UT response_timeout ", await mesh.Waypoint.LineAsync("/slow"), StringComparison.Ordinal);
        string grpc = mesh.Ask("GET /slow HTTP/1.1\r\nHost: cart\r\nContent-Type: application/grpc\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", grpc, StringComparison.Ordinal);
        Assert.Contains("\r\ngrpc-status: 14\r\n", grpc, StringComparison.Ordinal);
        never.SetResult();
    }

    [RequiresToolFact("nft", root: true)]
    public async Task EndpointsThatLie_AreNotBelieved()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Rules));
        string answer = "";
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
            await ScriptedBackend.SayAsync(socket, answer);
        });
        foreach ((string Lie, string Expected) in new[]
        {
            ("220 smtp.example.com\r\n", "HTTP/1.1 502 "),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 502 "),
            ("HTTP/1.1 200 OK\r\nX: a\nY: b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 502 "),
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 502 "),
            ("", "HTTP/1.1 503 "),
            ("HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 503 "),
        })
        {
            answer = Lie;
            Assert.StartsWith(Expected, mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        }

        // What was promised does not come: the client must not take it for whole.
        answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        Assert.Throws<SocketException>(() => WaypointMesh.Ask(socket, "GET / HTTP/1.1\r\nHost: cart\r\n\r\n"));

        // Informational answers without end.
        answer = string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 40)) + Good;
        string flooded = mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
        Assert.Equal(32, flooded.Split("HTTP/1.1 103 ").Length - 1);
        Assert.Contains("HTTP/1.1 502 ", flooded, StringComparison.Ordinal);

        // Without a length the end of the connection is the end; the client gets chunks.
        answer = "HTTP/1.0 200 OK\r\n\r\nall of it";
        string whole = mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
        Assert.Contains("transfer-encoding: chunked\r\n", whole, StringComparison.Ordinal);
        Assert.EndsWith("9\r\nall of it\r\n0\r\n\r\n", whole, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-33")]
    public async Task ChunksTrailersInterimAnswersUpgradesAndPipelines_Pass()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Rules));
        List<string> requests = [];
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            while (true)
            {
                string head = await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
                if (head.Length == 0)
                {
                    return;
                }

                lock (requests)
                {
                    requests.Add(head);
                }

                if (head.Contains("expect: 100-continue", StringComparison.Ordinal))
                {
                    await ScriptedBackend.SayAsync(socket, "HTTP/1.1 100 Continue\r\n\r\n");
                    head = await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
                    await ScriptedBackend.SayAsync(socket, $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n{head.Length:x}\r\n{head}\r\n0\r\nx-sum: 1\r\n\r\n");
                }
                else if (head.Contains("upgrade: websocket", StringComparison.Ordinal))
                {
                    await ScriptedBackend.SayAsync(socket, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
                    await ScriptedBackend.SayAsync(socket, "echo " + await ScriptedBackend.ReadUntilAsync(socket, "frame"));
                    return;
                }
                else
                {
                    string path = head.Split(' ')[1];
                    await ScriptedBackend.SayAsync(socket, $"HTTP/1.1 200 OK\r\nContent-Length: {path.Length}\r\n\r\n{path}");
                }
            }
        });

        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        await ScriptedBackend.SayAsync(socket, "POST /up HTTP/1.1\r\nHost: cart\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 Continue\r\n", await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n"), StringComparison.Ordinal);
        await ScriptedBackend.SayAsync(socket, "3;ext=1\r\nabc\r\n0\r\nx-t: v\r\n\r\n");
        string chunked = await ScriptedBackend.ReadUntilAsync(socket, "x-sum: 1\r\n\r\n");
        Assert.Contains("3\r\nabc\r\n0\r\nx-t: v\r\n\r\n", chunked, StringComparison.Ordinal);

        // Two requests in one write, and half of a third: two answers in order, and then the third.
        await ScriptedBackend.SayAsync(socket, "GET /one HTTP/1.1\r\nHost: cart\r\n\r\nGET /two HTTP/1.1\r\nHost: cart\r\n\r\nGET /thr");
        string answers = await ScriptedBackend.ReadUntilAsync(socket, "/two");
        Assert.True(answers.IndexOf("\r\n\r\n/one", StringComparison.Ordinal) > 0, answers);
        Assert.EndsWith("\r\n\r\n/three", WaypointMesh.Ask(socket, "ee HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);

        await ScriptedBackend.SayAsync(socket, "GET /ws HTTP/1.1\r\nHost: cart\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n");
        string switched = await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 101 ", switched, StringComparison.Ordinal);
        Assert.Contains("upgrade: websocket\r\n", switched, StringComparison.OrdinalIgnoreCase);
        await ScriptedBackend.SayAsync(socket, "my frame");
        Assert.Equal("echo my frame", await ScriptedBackend.ReadUntilAsync(socket, "my frame"));
        Assert.StartsWith("HTTP/1.1 403 ", mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\nConnection: upgrade\r\nUpgrade: irc\r\n\r\n"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-95")]
    public async Task Mirror_GetsACopy_AndItsAnswerIsNobodys()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", """{"hosts": ["cart"], "http": [{"mirror": {"host": "v2"}, "route": [{"destination": {"host": "v1"} }]}]}"""));
        TaskCompletionSource<string> copied = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ScriptedBackend primary = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            await ScriptedBackend.ReadUntilAsync(socket, "hello");
            await ScriptedBackend.SayAsync(socket, Good);
        });
        using ScriptedBackend mirror = ScriptedBackend.Start(mesh.Pair.Server, 9002, async (socket, _) =>
        {
            copied.TrySetResult(await ScriptedBackend.ReadUntilAsync(socket, "hello"));
            await ScriptedBackend.SayAsync(socket, "HTTP/1.1 500 Nobody\r\nContent-Length: 0\r\n\r\n");
        });
        Assert.EndsWith("\r\n\r\nok", mesh.Ask("POST /m HTTP/1.1\r\nHost: cart:80\r\nContent-Length: 5\r\nX-Request-Id: 7\r\n\r\nhello"), StringComparison.Ordinal);
        string copy = await copied.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.StartsWith("POST /m HTTP/1.1\r\nhost: cart-shadow:80\r\n", copy, StringComparison.Ordinal);
        Assert.Contains("\r\nx-request-id: 7\r\n", copy, StringComparison.Ordinal);

        // Without a mirror the answer is the same.
        mirror.Dispose();
        Assert.EndsWith("\r\n\r\nok", mesh.Ask("POST /m HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task LargeBodies_PassBothWays_WhileTheOtherSideIsSlow()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Rules));
        const int Size = 8 * 1024 * 1024;
        byte[] sent = System.Security.Cryptography.RandomNumberGenerator.GetBytes(Size);
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            await ReadHeadAsync(socket);
            byte[] body = new byte[Size];
            await ReceiveAsync(socket, body);
            await ScriptedBackend.SayAsync(socket, $"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n");
            await socket.SendAsync(body);
        });
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        await ScriptedBackend.SayAsync(client, $"PUT /big HTTP/1.1\r\nHost: cart\r\nContent-Length: {Size}\r\n\r\n");
        Assert.Equal(Size, await client.SendAsync(sent));
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await ReadHeadAsync(client), StringComparison.Ordinal);
        byte[] got = new byte[Size];
        await ReceiveAsync(client, got);
        Assert.True(sent.AsSpan().SequenceEqual(got), "the body was changed on its way");
    }

    private static async Task<string> ReadHeadAsync(Socket socket)
    {
        StringBuilder head = new();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task ReceiveAsync(Socket socket, byte[] into)
    {
        for (int at = 0; at < into.Length;)
        {
            int read = await socket.ReceiveAsync(into.AsMemory(at));
            Assert.True(read > 0, $"ended after {at} bytes");
            at += read;
        }
    }
}

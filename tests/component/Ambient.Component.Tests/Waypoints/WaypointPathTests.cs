using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Application → ztunnel → waypoint → ztunnel → application, all of it real.</summary>
public sealed class WaypointPathTests
{
    private const string Canary = """
        {"hosts": ["cart"], "http": [
          {"name": "canary", "match": [{"headers": {"x-canary": {"exact": "true"} } }], "route": [{"destination": {"host": "v2"}, "headers": {"request": {"set": {"x-set": "by-route"} } } }]},
          {"name": "redirect", "match": [{"uri": {"exact": "/old"} }], "redirect": {"uri": "/new"} },
          {"name": "rewritten", "match": [{"uri": {"prefix": "/api/"} }], "rewrite": {"uri": "/", "authority": "inner"}, "route": [{"destination": {"host": "v1"} }]},
          {"route": [{"destination": {"host": "v1"} }]}]}
        """;

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-7")]
    [Trait("behaviour", "WP-8")]
    [Trait("behaviour", "WP-9")]
    [Trait("behaviour", "WP-25")]
    [Trait("behaviour", "WP-76")]
    public async Task Header_ChoosesTheVersion_AndOneConnectionServesManyRequests()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", Canary));
        using HttpBackend first = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using HttpBackend second = HttpBackend.Start(mesh.Pair.Server, 9002, "v2");
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);

        string plain = WaypointMesh.Ask(socket, "GET /a?b=c HTTP/1.1\r\nHost: any.thing:81\r\nX-Envoy-Max-Retries: 9\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", plain, StringComparison.Ordinal);
        Assert.Contains("\r\nserver: istio-envoy\r\n", plain, StringComparison.Ordinal);
        Assert.Contains("\r\nx-backend: v1\r\n", plain, StringComparison.Ordinal);
        string seen = plain[plain.IndexOf("v1\nGET", StringComparison.Ordinal)..];
        Assert.StartsWith("v1\nGET /a?b=c HTTP/1.1\r\nhost: any.thing:81\r\n", seen, StringComparison.Ordinal);
        Assert.Contains("x-request-id: ", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("x-envoy", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("x-hop", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("baggage", seen, StringComparison.Ordinal);

        string canary = WaypointMesh.Ask(socket, "GET / HTTP/1.1\r\nHost: cart\r\nx-canary: true\r\n\r\n");
        Assert.Contains("x-backend: v2", canary, StringComparison.Ordinal);
        Assert.Contains("x-set: by-route", canary, StringComparison.Ordinal);
        string moved = WaypointMesh.Ask(socket, "GET /old?q=1 HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 301 ", moved, StringComparison.Ordinal);
        Assert.Contains("location: http://cart/new?q=1\r\n", moved, StringComparison.Ordinal);
        Assert.Contains("GET /x HTTP/1.1\r\nhost: inner\r\n", WaypointMesh.Ask(socket, "GET /api/x HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);

        string line = await mesh.Waypoint.LineAsync("canary");
        Assert.Contains("\"GET / HTTP/1.1\" 200 - via_upstream", line, StringComparison.Ordinal);

        // The server's node sees the waypoint, and nobody else.
        Assert.DoesNotContain("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", mesh.Pair.ServerProxy.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-126")]
    [Trait("behaviour", "WP-127")]
    [Trait("behaviour", "WP-129")]
    [Trait("behaviour", "WP-222")]
    public async Task Policy_SeesTheCallersIdentityAndTheRequest_AndMetricsTellIt()
    {
        AuthorizationPolicy policy = new()
        {
            Metadata = new ObjectMeta { Namespace = "bench", Name = "allow" },
            Spec = new AuthorizationPolicySpec
            {
                TargetRefs = [new TargetReference { Kind = "Service", Name = "cart" }],
                Rules =
                [
                    new AuthorizationRule
                    {
                        From = [new RuleFrom { Source = new RuleSource { Principals = ["cluster.local/ns/bench/sa/client"] } }],
                        To = [new RuleTo { Operation = new RuleOperation { Methods = ["GET"], Paths = ["/allowed"] } }],
                    },
                    new AuthorizationRule
                    {
                        From = [new RuleFrom { Source = new RuleSource { Principals = ["cluster.local/ns/bench/sa/waypoint"] } }],
                        To = [new RuleTo { Operation = new RuleOperation { Paths = ["/other"] } }],
                    },
                ],
            },
        };
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([policy]);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", mesh.Ask("GET /allowed HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", mesh.Ask("GET /x/../allowed HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        foreach (string request in new[] { "GET /denied", "POST /allowed", "GET /other", "GET /allowed/x", "GET /allowed%2f.." })
        {
            string denied = mesh.Ask(request + " HTTP/1.1\r\nHost: cart\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", denied, StringComparison.Ordinal);
            Assert.EndsWith("\r\n\r\nRBAC: access denied", denied, StringComparison.Ordinal);
        }

        // A connection that is no HTTP cannot meet a rule about methods.
        Assert.Equal("", mesh.Ask("\x16\x03\x01\x00", WaypointMesh.RawPort));

        await Eventually.TrueAsync(async () => (await mesh.Pair.GetAsync(mesh.Pair.Stranger, 15020, "/stats/prometheus")).Split('\n').Any(line =>
            line.StartsWith("istio_requests_total{reporter=\"waypoint\",source_workload=\"client\"", StringComparison.Ordinal)
            && line.Contains("source_principal=\"spiffe://cluster.local/ns/bench/sa/client\"", StringComparison.Ordinal)
            && line.Contains("destination_workload=\"server\"", StringComparison.Ordinal)
            && line.Contains("destination_service=\"cart.bench.svc.cluster.local\"", StringComparison.Ordinal)
            && line.Contains("destination_service_name=\"cart\"", StringComparison.Ordinal)
            && line.Contains("request_protocol=\"http\",response_code=\"200\",grpc_response_status=\"\",response_flags=\"-\",connection_security_policy=\"mutual_tls\"} 2", StringComparison.Ordinal)));
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-28")]
    [Trait("behaviour", "WP-34")]
    public async Task BytesThatAreNotHttp_PassUntouched_AlsoWhenTheServerBegins()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        using (EchoServer echo = EchoServer.Start(mesh.Pair.Server, WaypointMesh.RawPort))
        {
            // Several, because the end may come while bytes still wait for a window.
            for (int i = 0; i < 8; i++)
            {
                using Socket client = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(MeshPair.Service.Address, WaypointMesh.RawPort));
                await EchoServer.ExchangeAsync(client, 2);
            }
        }

        using Socket listener = MeshPair.Listen(mesh.Pair.Server, WaypointMesh.RawPort);
        using Socket silent = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(MeshPair.Service.Address, WaypointMesh.RawPort));
        using Socket accepted = await listener.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(20));
        accepted.Send("220 hello\r\n"u8);
        silent.ReceiveTimeout = 20_000;
        byte[] banner = new byte[64];
        Assert.Equal("220 hello\r\n", System.Text.Encoding.ASCII.GetString(banner, 0, silent.Receive(banner)));
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-4")]
    [Trait("behaviour", "WP-57")]
    [Trait("behaviour", "WP-87")]
    public async Task Configuration_IsReplaced_AndWhatFailsIsAnswered()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);

        // Nobody listens behind the server's ztunnel.
        string refused = mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503 ", refused, StringComparison.Ordinal);
        Assert.Contains("upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure", refused, StringComparison.Ordinal);

        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        mesh.Configure([], ("VirtualService", """{"hosts": ["cart"], "http": [{"match": [{"uri": {"exact": "/abort"} }], "fault": {"abort": {"httpStatus": 418, "percentage": {"value": 100} } }, "route": [{"destination": {"host": "v1"} }]}, {"match": [{"uri": {"exact": "/direct"} }], "directResponse": {"status": 200, "body": {"string": "hello"} } }]}"""));
        await Eventually.TrueAsync(() => Task.FromResult(mesh.Ask("GET /direct HTTP/1.1\r\nHost: cart\r\n\r\n").EndsWith("\r\n\r\nhello", StringComparison.Ordinal)));
        Assert.EndsWith("\r\n\r\nfault filter abort", mesh.Ask("GET /abort HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", mesh.Ask("GET /elsewhere HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 426 Upgrade Required\r\n", mesh.Ask("GET / HTTP/1.0\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
    }
}

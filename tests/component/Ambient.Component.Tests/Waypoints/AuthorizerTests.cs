using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>CUSTOM policies with an authoriser that is a pod of the mesh like any other.</summary>
public sealed class AuthorizerTests
{
    private const string Provider = """
        {"name": "checker", "envoyExtAuthzHttp": {"service": "authz.bench.svc.cluster.local", "port": 9000, "timeout": "700ms", "pathPrefix": "/check", "statusOnError": "503",
         "includeRequestHeadersInCheck": ["x-ext-authz", "x-fixed"], "includeAdditionalHeadersInCheck": {"x-fixed": "ours"}, "headersToUpstreamOnAllow": ["x-ext-authz-*"],
         "headersToDownstreamOnDeny": ["x-why"], "headersToDownstreamOnAllow": ["x-seen"], "includeRequestBodyInCheck": {"maxRequestBytes": 8, "allowPartialMessage": true} } }
        """;

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-160")]
    [Trait("behaviour", "WP-161")]
    [Trait("behaviour", "WP-163")]
    [Trait("behaviour", "WP-164")]
    public async Task Authorizer_IsAskedAboutWhatTheRulesMatch_AndItsWordCounts()
    {
        AuthorizationPolicy[] policies =
        [
            Policy("custom", "CUSTOM", "checker", "/custom*", "/both"),
            Policy("deny", "DENY", "", "/denied", "/both"),
        ];
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([Provider], policies);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        List<string> asked = [];
        ScriptedBackend authorizer = ScriptedBackend.Start(mesh.Pair.Server, 9003, (socket, _) => ServeAsync(socket, asked));

        Assert.StartsWith("HTTP/1.1 200 ", mesh.Ask("GET /free HTTP/1.1\r\nHost: cart\r\nx-ext-authz: deny\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(asked);
        string allowed = mesh.Ask("GET /custom?a=b HTTP/1.1\r\nHost: cart.shop\r\nx-ext-authz: allow\r\nx-fixed: from-client\r\nx-ext-authz-user: forged\r\nx-secret: s\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", allowed, StringComparison.Ordinal);
        Assert.Contains("x-ext-authz-user: jason\r\n", allowed, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", allowed, StringComparison.Ordinal);
        Assert.Contains("\r\nx-seen: by-authorizer\r\n", allowed[..allowed.IndexOf("\r\n\r\n", StringComparison.Ordinal)], StringComparison.Ordinal);
        string question = Assert.Single(asked);
        Assert.StartsWith("GET /check/custom?a=b HTTP/1.1\r\nhost: cart.shop\r\n", question, StringComparison.Ordinal);
        Assert.Contains("x-fixed: ours\r\n", question, StringComparison.Ordinal);
        Assert.Contains("content-length: 0\r\n", question, StringComparison.Ordinal);
        Assert.DoesNotContain("x-secret", question, StringComparison.Ordinal);

        // What it denies is not judged further: the answer is its own.
        foreach (string path in new[] { "/custom", "/both" })
        {
            string denied = mesh.Ask($"GET {path} HTTP/1.1\r\nHost: cart\r\nx-ext-authz: deny\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 401 ", denied, StringComparison.Ordinal);
            Assert.Contains("\r\nx-why: not you\r\n", denied, StringComparison.Ordinal);
            Assert.DoesNotContain("x-seen", denied, StringComparison.Ordinal);
            Assert.EndsWith("\r\n\r\nno", denied, StringComparison.Ordinal);
        }

        Assert.Contains(" 401 UAEX ext_authz_denied", await mesh.Waypoint.LineAsync("/both"), StringComparison.Ordinal);
        Assert.EndsWith("RBAC: access denied", mesh.Ask("GET /both HTTP/1.1\r\nHost: cart\r\nx-ext-authz: allow\r\n\r\n"), StringComparison.Ordinal);

        // The first bytes of the body are shown, and the endpoint gets all of it.
        asked.Clear();
        string body = mesh.Ask("POST /custom/body HTTP/1.1\r\nHost: cart\r\nx-ext-authz: allow\r\nContent-Length: 12\r\n\r\n0123456789ab");
        Assert.StartsWith("HTTP/1.1 200 ", body, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n01234567", Assert.Single(asked), StringComparison.Ordinal);
        Assert.Contains("x-envoy-auth-partial-body: true\r\n", asked[0], StringComparison.Ordinal);

        // One that is down, or silent, lets nobody pass.
        string silent = mesh.Ask("GET /custom HTTP/1.1\r\nHost: cart\r\nx-ext-authz: silence\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503 ", silent, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", silent, StringComparison.Ordinal);
        authorizer.Dispose();
        Assert.StartsWith("HTTP/1.1 503 ", mesh.Ask("GET /custom/down HTTP/1.1\r\nHost: cart\r\nx-ext-authz: broken\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(" 503 UAEX ext_authz_error", await mesh.Waypoint.LineAsync("/custom/down"), StringComparison.Ordinal);

        mesh.Configure([Policy("custom", "CUSTOM", "nobody-knows", "/custom*")]);
        await Eventually.TrueAsync(() => Task.FromResult(mesh.Ask("GET /custom HTTP/1.1\r\nHost: cart\r\n\r\n").EndsWith("\r\n\r\nRBAC: access denied", StringComparison.Ordinal)));
        Assert.StartsWith("HTTP/1.1 200 ", mesh.Ask("GET /free HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-162")]
    [Trait("behaviour", "WP-174")]
    public async Task GrpcAuthorizer_IsAskedAboutRequests_AndAboutConnections()
    {
        const string Grpc = """{"name": "checker", "envoyExtAuthzGrpc": {"service": "authz.bench.svc.cluster.local", "port": 9000, "timeout": "5s"} }""";
        AuthorizationPolicy all = Policy("custom", "CUSTOM", "checker", "/custom*");
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([Grpc], [all]);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, WaypointMesh.RawPort);
        Peer authorizer = await mesh.Pair.Network.Start(mesh.Pair.Server, "authorizer", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "authorizer.js"), "9003", "let-me-in").ReadyOnLineAsync("LISTENING");

        string allowed = mesh.Ask("GET /custom HTTP/1.1\r\nHost: cart\r\nx-user: let-me-in\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", allowed, StringComparison.Ordinal);
        Assert.Contains("x-b: authz\r\n", allowed, StringComparison.Ordinal);
        string denied = mesh.Ask("GET /custom HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 429 ", denied, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nslowly", denied, StringComparison.Ordinal);
        string call = mesh.Ask("POST /custom HTTP/1.1\r\nHost: cart\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", call, StringComparison.Ordinal);
        Assert.Contains("grpc-status: 14\r\n", call, StringComparison.Ordinal);

        // On a connection the rule has lost its path, and more is asked about; the question names the caller, whom this authoriser does not know.
        Assert.Equal("", mesh.Ask("\x16\x03\x01\x00", WaypointMesh.RawPort));
        await authorizer.DisposeAsync();
        await mesh.Pair.Network.Start(mesh.Pair.Server, "authorizer-2", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "authorizer.js"), "9003", "ns/bench/sa/client").ReadyOnLineAsync("LISTENING");
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, new System.Net.IPEndPoint(MeshPair.Service.Address, WaypointMesh.RawPort));
        await EchoServer.ExchangeAsync(socket, 1);
    }

    private static async Task ServeAsync(Socket socket, List<string> asked)
    {
        byte[] buffer = new byte[16384];
        string question = "";
        while (await socket.ReceiveAsync(buffer) is int read and > 0)
        {
            question = (WaypointMesh.IsWhole(question) ? "" : question) + Encoding.Latin1.GetString(buffer, 0, read);
            if (!WaypointMesh.IsWhole(question))
            {
                continue;
            }

            lock (asked)
            {
                asked.Add(question);
            }

            if (question.Contains("x-ext-authz: silence", StringComparison.Ordinal))
            {
                continue;
            }

            await ScriptedBackend.SayAsync(socket, question.Contains("x-ext-authz: allow", StringComparison.Ordinal)
                ? "HTTP/1.1 200 OK\r\nx-ext-authz-user: jason\r\nx-seen: by-authorizer\r\nContent-Length: 0\r\n\r\n"
                : question.Contains("x-ext-authz: broken", StringComparison.Ordinal)
                ? "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
                : "HTTP/1.1 401 Who\r\nx-why: not you\r\nx-ext-authz-user: nobody\r\nContent-Length: 2\r\n\r\nno");
        }
    }

    private static AuthorizationPolicy Policy(string name, string action, string provider, params string[] paths) => new()
    {
        Metadata = new ObjectMeta { Namespace = "bench", Name = name },
        Spec = new AuthorizationPolicySpec
        {
            Action = action,
            Provider = provider.Length > 0 ? new ExtensionProvider { Name = provider } : null,
            TargetRefs = [new TargetReference { Kind = "Service", Name = "cart" }],
            Rules = [new AuthorizationRule { To = [new RuleTo { Operation = new RuleOperation { Paths = [.. paths] } }] }],
        },
    };
}

using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>TLS from the waypoint to endpoints, with servers of other makes: Node, nginx, openssl. The tunnel to the endpoint's pod carries it.</summary>
public sealed class EncryptedEndpointTests
{
    private const string ToV1 = """{"hosts": ["cart"], "http": [{"retries": {"attempts": 0}, "route": [{"destination": {"host": "v1"} }]}]}""";
    private const string Request = "GET /a HTTP/1.1\r\nHost: pay.example.com\r\n\r\n";

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-125")]
    public async Task BothVersionsOfHttp_AndServersThatAreNotBelieved()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        WebCertificates foreign = new(mesh.Pair.Network.Directory, "foreign");
        Dictionary<string, Dictionary<string, byte[]>> secrets = new() { ["ca"] = authority.Secret(), ["foreign"] = foreign.Secret() };
        mesh.References = WebCertificates.Find(secrets);
        Peer server = await ServeAsync(mesh, 9001, authority.Issue("pay.example.com"));

        // Without a name of its own the rule asks for the Host of the request; the server chooses HTTP/1.1 of what is offered.
        Configure(mesh, """{"mode": "SIMPLE", "credentialName": "ca"}""");
        string answer = await UntilAsync(mesh, "HTTP/1.1 200 OK");
        Assert.EndsWith("secure pay.example.com", answer, StringComparison.Ordinal);
        Assert.Contains("SHAKEN pay.example.com http/1.1 TLSv1.3 -", server.Log, StringComparison.Ordinal);
        Assert.Contains("SEEN GET /a 0 HTTP/1.1", server.Log, StringComparison.Ordinal);
        string big = mesh.Ask("GET /big3000000 HTTP/1.1\r\nHost: pay.example.com\r\nConnection: close\r\n\r\n");
        Assert.Contains("HTTP/1.1 200 OK", big, StringComparison.Ordinal);
        string upload = mesh.Ask($"POST /up HTTP/1.1\r\nHost: pay.example.com\r\nContent-Length: 500000\r\n\r\n{new string('y', 500_000)}");
        Assert.Contains("HTTP/1.1 200 OK", upload, StringComparison.Ordinal);
        Assert.Contains("SEEN POST /up 500000 HTTP/1.1", server.Log, StringComparison.Ordinal);

        Configure(mesh, """{"mode": "SIMPLE", "credentialName": "ca", "sni": "pay.example.com"}""", ""","connectionPool": {"http": {"h2UpgradePolicy": "UPGRADE"} }""");
        await Eventually.TrueAsync(() =>
        {
            mesh.Ask(Request);
            return Task.FromResult(server.Log.Contains("SEEN GET /a 0 HTTP/2.0", StringComparison.Ordinal));
        });
        Assert.Contains("SHAKEN pay.example.com h2 TLSv1.3 -", server.Log, StringComparison.Ordinal);

        foreach ((string tls, string why) in new[]
        {
            ("""{"mode": "SIMPLE", "credentialName": "foreign", "sni": "pay.example.com"}""", "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"),
            ("""{"mode": "SIMPLE", "credentialName": "ca", "sni": "pay.example.com", "subjectAltNames": ["other.example.com"]}""", "verify SAN list"),
            ("""{"mode": "SIMPLE", "sni": "pay.example.com"}""", "CERTIFICATE_VERIFY_FAILED"),
        })
        {
            Configure(mesh, tls);
            answer = await UntilAsync(mesh, why);
            Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
            Assert.Contains("reset reason: remote connection failure, transport failure reason: TLS_error: ", answer, StringComparison.Ordinal);
        }

        await mesh.Waypoint.LineAsync(" 503 UF ");
        Assert.Contains("upstream_reset_before_response_started{remote_connection_failure,TLS_error:", mesh.Waypoint.Log, StringComparison.Ordinal);

        // Whoever says so believes anybody.
        Configure(mesh, """{"mode": "SIMPLE", "insecureSkipVerify": true, "sni": "whatever.invalid"}""");
        await UntilAsync(mesh, "HTTP/1.1 200 OK");
        Assert.Contains("SHAKEN whatever.invalid", server.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node", root: true)]
    public async Task MutualTls_ShowsTheCertificate_AndANewOneIsTakenByNewConnectionsAlone()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        Dictionary<string, Dictionary<string, byte[]>> secrets = new() { ["mine"] = authority.Secret(authority.Issue("first-client")), ["none"] = authority.Secret() };
        mesh.References = WebCertificates.Find(secrets);
        Peer server = await ServeAsync(mesh, 9001, authority.Issue("pay.example.com"), authority.RootPath);

        // Without a certificate the server does not want us; that is a failure of the connection, or of the first bytes behind it.
        Configure(mesh, """{"mode": "SIMPLE", "credentialName": "none"}""");
        await Eventually.TrueAsync(() => Task.FromResult(mesh.Ask(Request).StartsWith("HTTP/1.1 503", StringComparison.Ordinal) && server.Log.Contains("REFUSED", StringComparison.Ordinal)));

        Configure(mesh, """{"mode": "MUTUAL", "credentialName": "mine"}""");
        await UntilAsync(mesh, "HTTP/1.1 200 OK");
        Assert.Contains(" first-client whole", server.Log, StringComparison.Ordinal);

        // An answer is half-way when the certificate changes: it arrives whole.
        using Socket slow = MeshPair.Connect(mesh.Pair.Client, new System.Net.IPEndPoint(MeshPair.Service.Address, WaypointMesh.HttpPort));
        Task<string> running = Task.Run(() => WaypointMesh.Ask(slow, "GET /slow HTTP/1.1\r\nHost: pay.example.com\r\n\r\n"));
        await server.LineAsync("SEEN GET /slow");
        secrets["mine"] = authority.Secret(authority.Issue("second-client"));
        Configure(mesh, """{"mode": "MUTUAL", "credentialName": "mine"}""");
        await Eventually.TrueAsync(() =>
        {
            Assert.StartsWith("HTTP/1.1 200", mesh.Ask(Request), StringComparison.Ordinal);
            return Task.FromResult(server.Log.Contains(" second-client ", StringComparison.Ordinal));
        });
        Assert.False(running.IsCompleted);
        await mesh.Pair.Network.RunAsync(mesh.Pair.Server, "kill", "-USR2", $"{server.Process.Id}");
        Assert.EndsWith("abcdef", await running, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,nginx", root: true)]
    public async Task OldVersions_ExpiredCertificates_AndNewOnes()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        mesh.References = WebCertificates.Find(new Dictionary<string, Dictionary<string, byte[]>> { ["ca"] = authority.Secret() });
        Configure(mesh, """{"mode": "SIMPLE", "credentialName": "ca"}""", ""","connectionPool": {"http": {"maxRequestsPerConnection": 1} }""");
        string configuration = Path.Combine(mesh.Pair.Network.Directory, "nginx.conf");
        void Write((string Certificate, string Key) pair) => File.WriteAllText(configuration, $$"""
            daemon off; pid {{mesh.Pair.Network.Directory}}/nginx.pid; error_log stderr; user root;
            events { worker_connections 64; }
            http {
              access_log off;
              server {
                listen 9001 ssl; ssl_certificate {{pair.Certificate}}; ssl_certificate_key {{pair.Key}}; ssl_protocols TLSv1.2;
                location / { return 200 "$ssl_protocol $ssl_server_name $ssl_session_reused"; }
              }
            }
            """);
        Write(authority.Issue("pay.example.com"));
        Peer nginx = mesh.Pair.Network.Start(new ProcessPlan("nginx", "nginx", "-c", configuration)
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "nginx.log"),
        });
        Assert.EndsWith("TLSv1.2 pay.example.com .", await UntilAsync(mesh, "HTTP/1.1 200 OK"), StringComparison.Ordinal);

        // Each request has a connection of its own here; later ones resume the session of an earlier one.
        Assert.EndsWith("TLSv1.2 pay.example.com r", await UntilAsync(mesh, " r"), StringComparison.Ordinal);

        // Its certificate is over, and it knows none of the sessions: it is not believed any more. Then it gets a new one.
        Write(authority.Issue("pay.example.com", TimeSpan.FromHours(-1)));
        await mesh.Pair.Network.RunAsync(mesh.Pair.Server, "kill", "-HUP", $"{nginx.Process.Id}");
        await UntilAsync(mesh, "CERTIFICATE_VERIFY_FAILED: certificate has expired");
        Write(authority.Issue("pay.example.com"));
        await mesh.Pair.Network.RunAsync(mesh.Pair.Server, "kill", "-HUP", $"{nginx.Process.Id}");
        await UntilAsync(mesh, "HTTP/1.1 200 OK");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ServerThatDoesNotShakeHands_OrSpeaksPlain_IsGivenUp_AndCountsAsAnOutlier()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        mesh.References = WebCertificates.Find(new Dictionary<string, Dictionary<string, byte[]>> { ["ca"] = authority.Secret() });
        int silent = 1;
        ConcurrentQueue<string> seen = new();
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            if (Volatile.Read(ref silent) == 1)
            {
                byte[] first = new byte[4096];
                seen.Enqueue(Encoding.Latin1.GetString(first, 0, await socket.ReceiveAsync(first)));
                await ScriptedBackend.ReadUntilAsync(socket, "never");
                return;
            }

            await ScriptedBackend.SayAsync(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        });
        Configure(mesh, """{"mode": "SIMPLE", "credentialName": "ca"}""", ""","connectionPool": {"tcp": {"connectTimeout": "1s"} }""");
        string answer = await UntilAsync(mesh, "connection timeout");
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        await mesh.Waypoint.LineAsync(" 503 UF ");
        Volatile.Write(ref silent, 0);
        Configure(mesh, """{"mode": "SIMPLE", "credentialName": "ca"}""", ""","outlierDetection": {"consecutive5xxErrors": 2, "baseEjectionTime": "3m", "maxEjectionPercent": 100}""");
        await UntilAsync(mesh, "TLS_error: ");
        await UntilAsync(mesh, "no healthy upstream");

        // What cannot be compiled is not sent at all.
        mesh.Configure([], ("VirtualService", ToV1), ("DestinationRule", """{"host": "v1", "trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": true, "sni": "bad name"} } }"""));
        await UntilAsync(mesh, "cannot be asked for");
        Assert.NotEmpty(seen);
        Assert.All(seen, bytes => Assert.DoesNotContain("GET", bytes, StringComparison.Ordinal));
    }

    [RequiresToolFact("nft,openssl", root: true)]
    [Trait("behaviour", "WP-101")]
    public async Task BytesWithoutHttp_AreEncryptedToo()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        mesh.References = WebCertificates.Find(new Dictionary<string, Dictionary<string, byte[]>> { ["ca"] = authority.Secret() });
        (string certificate, string key) = authority.Issue("cart.bench.svc.cluster.local");
        Peer server = mesh.Pair.Network.Start(new ProcessPlan("s_server", "openssl", "s_server", "-accept", "9100", "-cert", certificate, "-key", key, "-rev")
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "s_server.log"),
        });
        mesh.Configure([], ("DestinationRule", """{"host": "cart", "trafficPolicy": {"portLevelSettings": [{"port": {"number": 9100}, "tls": {"mode": "SIMPLE", "credentialName": "ca"} }]} }"""));
        string got = "";
        await Eventually.TrueAsync(() =>
        {
            using Socket socket = MeshPair.Connect(mesh.Pair.Client, new System.Net.IPEndPoint(MeshPair.Service.Address, WaypointMesh.RawPort));
            socket.ReceiveTimeout = 20_000;
            try
            {
                socket.Send("hello you\n"u8);
                byte[] buffer = new byte[64];
                got = Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
            }
            catch (SocketException)
            {
                // openssl does not listen yet, or the waypoint still speaks to it in the clear.
            }

            return Task.FromResult(got == "uoy olleh\n");
        });
        Assert.Contains("TLSv1.3", server.Log, StringComparison.Ordinal);
    }

    private static void Configure(WaypointMesh mesh, string tls, string more = "") =>
        mesh.Configure([], ("VirtualService", ToV1), ("DestinationRule", $$"""{"host": "v1", "trafficPolicy": {"tls": {{tls}}{{more}} } }"""));

    private static async Task<string> UntilAsync(WaypointMesh mesh, string text)
    {
        string answer = "";
        await Eventually.TrueAsync(() =>
        {
            answer = mesh.Ask(Request);
            return Task.FromResult(answer.Contains(text, StringComparison.Ordinal));
        });
        return answer;
    }

    private static async Task<Peer> ServeAsync(WaypointMesh mesh, int port, (string Certificate, string Key) pair, string clients = "-")
    {
        Peer node = mesh.Pair.Network.Start(new ProcessPlan("tlsserver", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "tlsserver.js"), $"{port}", pair.Certificate, pair.Key, clients)
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "tlsserver.log"),
        });
        await node.LineAsync("LISTENING");
        return node;
    }
}

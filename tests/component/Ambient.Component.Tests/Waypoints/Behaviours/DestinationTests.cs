using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>What routes write into requests, and what DestinationRules make of connections (waypoint reference 6.3, 6.4).</summary>
[Collection(SharedMesh.Collection)]
public sealed class DestinationTests(SharedMesh shared)
{
    private const string Ok = "HTTP/1.1 200 ";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-41")]
    [Trait("behaviour", "WP-50")]
    public async Task RuleLevelHeaders_WinOverThoseOfTheDestination_AndTheAuthorityIsRewritten()
    {
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9041, "levels");
        await shared.ApplyAsync(
            "levels",
            SharedMesh.Service("levels", "10.96.3.1", "app: server", "{name: http, port: 9040, targetPort: 9041, protocol: TCP}"),
            SharedMesh.Routes("levels", """
                {match: [{uri: {exact: /both}}], headers: {request: {set: {":authority": by-rule, x-level: rule}}}, route: [{destination: {host: levels}, headers: {request: {set: {Host: by-destination, x-level: destination}}}}]},
                {match: [{uri: {exact: /rewritten}}], rewrite: {authority: new-authority}, route: [{destination: {host: levels}}]},
                {route: [{destination: {host: levels}, headers: {request: {set: {":authority": by-destination}}}}]}
                """));

        // Other headers are written by the destination last.
        string both = await shared.UntilAsync("10.96.3.1", 9040, "\nGET /both HTTP/1.1\r\nhost: by-rule\r\n", "GET /both HTTP/1.1\r\nHost: any\r\n\r\n");
        Assert.Contains("\r\nx-level: destination\r\n", both, StringComparison.Ordinal);
        Assert.DoesNotContain("by-destination", both, StringComparison.Ordinal);
        Assert.Contains("\nGET /rewritten HTTP/1.1\r\nhost: new-authority\r\n", shared.Ask("10.96.3.1", 9040, "GET /rewritten HTTP/1.1\r\nHost: any\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains("\nGET / HTTP/1.1\r\nhost: by-destination\r\n", shared.Ask("10.96.3.1", 9040), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-101")]
    [Trait("behaviour", "WP-102")]
    public async Task PlainHttpOnAPortNamedHttps_IsEncryptedByTheWaypoint()
    {
        const string Simple = "tls: {mode: SIMPLE, insecureSkipVerify: true, sni: shop.example.com}";
        WebCertificates unknown = new(shared.Pair.Network.Directory, "unknown");
        using TlsBackend tls = TlsBackend.Start(shared.Pair.Server, 9043, unknown.Issue("shop.example.com"));
        using HttpBackend plain = HttpBackend.Start(shared.Pair.Server, 9044, "plain");
        static string Ports(int http) => $"{{name: https, port: 443, targetPort: 9043, protocol: TCP}}, {{name: http, port: 80, targetPort: {http}, protocol: TCP}}";
        await shared.ApplyAsync(
            "origination",
            SharedMesh.Service("whole", "10.96.3.2", "app: server", Ports(9043)),
            SharedMesh.Rule("whole", Simple),
            SharedMesh.Service("one-port", "10.96.3.3", "app: server", Ports(9044)),
            SharedMesh.Rule("one-port", $"portLevelSettings: [{{port: {{number: 443}}, {Simple}}}]"));

        // Where the rule is for one port, the other one is not encrypted; where it is for all of them, it is.
        foreach ((string address, int port, string who) in new[] { ("10.96.3.2", 443, "tls shop.example.com"), ("10.96.3.2", 80, "tls shop.example.com"), ("10.96.3.3", 443, "tls shop.example.com"), ("10.96.3.3", 80, "x-backend: plain") })
        {
            Assert.StartsWith(Ok, await shared.UntilAsync(address, port, who), StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft,node,curl", root: true)]
    [Trait("behaviour", "WP-103")]
    [Trait("behaviour", "WP-104")]
    public async Task UpgradeToHttp2_HoldsForTheSubsetThatAsksForIt()
    {
        await shared.ServeHttp2Async(shared.Pair.Server, 9046, "upgraded");
        await shared.ApplyAsync(
            "upgraded",
            SharedMesh.Service("upgraded", "10.96.3.4", "app: server", "{name: http, port: 9045, targetPort: 9046, protocol: TCP}"),
            SharedMesh.Service("upgraded-whole", "10.96.3.5", "app: server", "{name: http, port: 9045, targetPort: 9046, protocol: TCP}"),
            SharedMesh.Rule("upgraded", "loadBalancer: {simple: RANDOM}", ", subsets: [{name: young, labels: {app: server}, trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}}]"),
            SharedMesh.Rule("upgraded-whole", "connectionPool: {http: {h2UpgradePolicy: UPGRADE}}"),
            SharedMesh.Routes("upgraded", "{match: [{uri: {exact: /young}}], route: [{destination: {host: upgraded, subset: young}}]}, {route: [{destination: {host: upgraded}}]}"));

        // The endpoint speaks HTTP/2 and nothing else.
        Task<string> GetAsync(string address, string path) => shared.CurlAsync("--http1.1", "-o", "/dev/null", "-w", "%{http_code} %{http_version} %header{x-backend}", $"http://{address}:9045{path}");
        await Eventually.PassesAsync(async () => Assert.Equal("200 1.1 upgraded", await GetAsync("10.96.3.4", "/young")));
        await Eventually.PassesAsync(async () => Assert.Equal("200 1.1 upgraded", await GetAsync("10.96.3.5", "/")));
        Assert.StartsWith("50", await GetAsync("10.96.3.4", "/old"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-106")]
    [Trait("behaviour", "WP-108")]
    public async Task RulesThatSayLittle_ChangeNothingElse()
    {
        using ScriptedBackend backend = Telling(9048);
        await shared.ApplyAsync(
            "little",
            SharedMesh.Service("mutual", "10.96.3.6", "app: server", "{name: http, port: 9047, targetPort: 9048, protocol: TCP}"),
            SharedMesh.Service("as-client", "10.96.3.8", "app: server", "{name: http2, port: 9047, targetPort: 9048, protocol: TCP}"),
            SharedMesh.Rule("mutual", "tls: {mode: ISTIO_MUTUAL}"),
            SharedMesh.Rule("as-client", "connectionPool: {http: {useClientProtocol: true}}"));
        foreach (string address in new[] { "10.96.3.6", "10.96.3.8" })
        {
            // Plain bytes in the tunnel, in the version of the client.
            Assert.StartsWith(Ok, await shared.UntilAsync(address, 9047, "GET / HTTP/1.1\r\nhost: any\r\n"), StringComparison.Ordinal);
        }

        // In the other version where the client speaks that: this endpoint cannot.
        Assert.StartsWith("50", await shared.CurlAsync("--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", "http://10.96.3.8:9047/"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-107")]
    public async Task IdleTimeout_ChangesNothingButHowLongConnectionsAreUsed()
    {
        const int Times = 10;
        using ScriptedBackend kept = Telling(9053), idle = Telling(9054);
        await shared.ApplyAsync(
            "idle",
            SharedMesh.Service("kept", "10.96.3.11", "app: server", "{name: http, port: 9052, targetPort: 9053, protocol: TCP}"),
            SharedMesh.Service("idle", "10.96.3.12", "app: server", "{name: http, port: 9052, targetPort: 9054, protocol: TCP}"),
            SharedMesh.Rule("idle", "connectionPool: {http: {idleTimeout: 200ms}}"));

        // A service may be served before its rule is there.
        await Eventually.TrueAsync(async () => (await shared.Pair.GetAsync(shared.Pair.Stranger, 15000, "/config_dump")).Contains("\"httpIdleMs\": 200", StringComparison.Ordinal));
        await shared.UntilAsync("10.96.3.11", 9052, Ok);
        int before = kept.Connections;
        for (int i = 0; i < Times; i++)
        {
            Whole(shared.Ask("10.96.3.11", 9052));
        }

        Assert.InRange(kept.Connections - before, 0, Times / 2);
        await shared.UntilAsync("10.96.3.12", 9052, Ok);
        for (int i = 0; i < 3; i++)
        {
            // Nobody asks any more, and the waypoint ends what it has kept; the next request is answered all the same.
            await Eventually.TrueAsync(() => idle.Open == 0);
            Whole(shared.Ask("10.96.3.12", 9052));
        }

        static void Whole(string answer)
        {
            Assert.StartsWith(Ok, answer, StringComparison.Ordinal);
            Assert.Contains("\r\n\r\nGET / HTTP/1.1\r\nhost: any\r\n", answer, StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-112")]
    public async Task HashOfTheSource_KeepsConnectionsWithoutHttpOnOneEndpoint()
    {
        const string Port = "{name: tcp, port: 9050, targetPort: 9051, protocol: TCP}";
        using ScriptedBackend one = Greeter(shared.Pair.Server, "one"), two = Greeter(shared.Second, "two");
        await shared.ApplyAsync("hashed", SharedMesh.Service("hashed", "10.96.3.9", "pair: both", Port), SharedMesh.Rule("hashed", "loadBalancer: {consistentHash: {useSourceIp: true}}"));
        await shared.ApplyAsync("unhashed", SharedMesh.Service("unhashed", "10.96.3.10", "pair: both", Port));
        await Eventually.TrueAsync(() => Greeting("10.96.3.9").Length > 0 && Greeting("10.96.3.10").Length > 0);
        Assert.Single(Enumerable.Range(0, 12).Select(_ => Greeting("10.96.3.9")).Distinct());
        Assert.Equal(["one", "two"], Enumerable.Range(0, 20).Select(_ => Greeting("10.96.3.10")).Distinct().Order());
    }

    /// <summary>A server of HTTP/1.1 that tells what it is asked, as it arrives, and gives up on everything else.</summary>
    private ScriptedBackend Telling(int port) => ScriptedBackend.Start(shared.Pair.Server, port, async (socket, _) =>
    {
        byte[] bytes = new byte[4096];
        while (await socket.ReceiveAsync(bytes) is int read and > 0 && bytes.AsSpan().StartsWith("GET"u8))
        {
            await ScriptedBackend.SayAsync(socket, $"HTTP/1.1 200 OK\r\nContent-Length: {read}\r\n\r\n{Encoding.ASCII.GetString(bytes, 0, read)}");
        }
    });

    private static ScriptedBackend Greeter(VirtualPod pod, string name) => ScriptedBackend.Start(pod, 9051, async (socket, _) =>
    {
        await ScriptedBackend.SayAsync(socket, name);
        await ScriptedBackend.ReadUntilAsync(socket, "never");
    });

    private string Greeting(string address)
    {
        try
        {
            using Socket socket = MeshPair.Connect(shared.Pair.Client, new IPEndPoint(IPAddress.Parse(address), 9050));
            return AppTalk.Hear(socket, 3);
        }
        catch (SocketException)
        {
            return "";
        }
    }
}

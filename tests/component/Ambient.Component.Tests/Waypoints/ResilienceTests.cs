using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>What DestinationRules bound, with the real process. Service <c>both</c> has an endpoint in the server's pod and one in the client's.</summary>
public sealed class ResilienceTests
{
    private const string ToBoth = """{"hosts": ["cart"], "http": [{"retries": {"attempts": 0}, "route": [{"destination": {"host": "both"} }]}]}""";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-117")]
    public async Task TooManyRequests_AreAnsweredOverflow_AndThoseWhoWaitComeLater()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync(
            [],
            ("VirtualService", """{"hosts": ["cart"], "http": [{"route": [{"destination": {"host": "v1"} }]}]}"""),
            ("DestinationRule", """{"host": "v1", "trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1, "http2MaxRequests": 2, "maxRequestsPerConnection": 1} } } }"""));
        TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ScriptedBackend backend = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
            arrived.TrySetResult();
            await answer.Task;
            await ScriptedBackend.SayAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await ScriptedBackend.ReadUntilAsync(socket, "never");
        });

        const string Request = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
        Task<string> first = Task.Run(() => mesh.Ask(Request));
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30));

        // One of these is admitted and has no answer yet; there is no room for the others.
        Task<string>[] more = [.. Enumerable.Range(0, 5).Select(_ => Task.Run(() => mesh.Ask(Request)))];
        List<string> refused = [];
        await foreach (Task<string> over in Task.WhenEach(more))
        {
            refused.Add(await over);
            if (refused.Count == 4)
            {
                break;
            }
        }

        Assert.All(refused, text =>
        {
            Assert.StartsWith("HTTP/1.1 503 ", text, StringComparison.Ordinal);
            Assert.Contains("x-envoy-overloaded: true\r\n", text, StringComparison.Ordinal);
            Assert.EndsWith("upstream connect error or disconnect/reset before headers. reset reason: overflow", text, StringComparison.Ordinal);
        });
        Assert.Contains(" 503 UO ", await mesh.Waypoint.LineAsync(" 503 UO "), StringComparison.Ordinal);
        answer.SetResult();
        Assert.EndsWith("ok", await first, StringComparison.Ordinal);
        Assert.Equal(5, (await Task.WhenAll(more)).Count(text => text.EndsWith("overflow", StringComparison.Ordinal) || text.EndsWith("ok", StringComparison.Ordinal)));
        Assert.Equal(2, backend.Connections);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-115")]
    public async Task FailingEndpoint_IsLeftAlone_UntilItsTimeIsOver()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync(
            [],
            ("VirtualService", ToBoth),
            ("DestinationRule", """{"host": "both", "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}, "outlierDetection": {"consecutive5xxErrors": 2, "baseEjectionTime": "3m", "maxEjectionPercent": 50} } }"""));
        using HttpBackend good = HttpBackend.Start(mesh.Pair.Server, 9004, "good");
        using ScriptedBackend bad = ScriptedBackend.Start(mesh.Pair.Client, 9004, async (socket, _) =>
        {
            await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
            await ScriptedBackend.SayAsync(socket, "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops");
        });
        List<string> answers = [];
        await Eventually.TrueAsync(() =>
        {
            answers.Add(mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n")[..12]);
            return Task.FromResult(answers.Count(answer => answer == "HTTP/1.1 500") == 2);
        });
        Assert.Contains("HTTP/1.1 200", answers);
        for (int i = 0; i < 10; i++)
        {
            Assert.StartsWith("HTTP/1.1 200 ", mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        }

        Assert.Equal(2, bad.Connections);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-109")]
    [Trait("behaviour", "WP-110")]
    [Trait("behaviour", "WP-111")]
    [Trait("behaviour", "WP-124")]
    public async Task Hash_KeepsAClientWithItsEndpoint()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("VirtualService", ToBoth), Rule("""{"httpCookie": {"name": "spot", "path": "/", "ttl": "60s", "attributes": [{"name": "SameSite", "value": "Strict"}]} }"""));
        using HttpBackend one = HttpBackend.Start(mesh.Pair.Server, 9004, "one");
        using HttpBackend two = HttpBackend.Start(mesh.Pair.Client, 9004, "two");
        string first = mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        string cookie = first.Split("\r\n").Single(line => line.StartsWith("set-cookie: ", StringComparison.Ordinal))["set-cookie: ".Length..];
        Assert.Contains("; Max-Age=60; Path=/; SameSite=Strict; HttpOnly", cookie, StringComparison.Ordinal);
        string[] again = [.. Enumerable.Range(0, 8).Select(_ => mesh.Ask($"GET / HTTP/1.1\r\nHost: cart\r\nCookie: a=b; {cookie.Split(';')[0]}\r\n\r\n"))];
        Assert.All(again, answer => Assert.Equal(Backend(first), Backend(answer)));
        Assert.All(again, answer => Assert.DoesNotContain("set-cookie", answer, StringComparison.Ordinal));
        Assert.Equal(2, Enumerable.Range(0, 20).Select(_ => Backend(mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"))).Distinct().Count());

        mesh.Configure([], ("VirtualService", ToBoth), Rule("""{"httpQueryParameterName": "user", "maglev": {} }"""));
        await Eventually.TrueAsync(() => Task.FromResult(!mesh.Ask("GET / HTTP/1.1\r\nHost: cart\r\n\r\n").Contains("set-cookie", StringComparison.Ordinal)));
        Assert.Single(Enumerable.Range(0, 10).Select(_ => Backend(mesh.Ask("GET /?user=jason HTTP/1.1\r\nHost: cart\r\n\r\n"))).Distinct());
        Assert.Equal(2, Enumerable.Range(0, 30).Select(i => Backend(mesh.Ask($"GET /?user={i} HTTP/1.1\r\nHost: cart\r\n\r\n"))).Distinct().Count());

        mesh.Configure([], ("VirtualService", ToBoth), Rule("""{"useSourceIp": true}"""));
        await Eventually.TrueAsync(() => Task.FromResult(Enumerable.Range(0, 10).Select(i => Backend(mesh.Ask($"GET /?user={i} HTTP/1.1\r\nHost: cart\r\n\r\n"))).Distinct().Count() == 1));
    }

    private static (string Kind, string Spec) Rule(string hash) => ("DestinationRule", $$"""{"host": "both", "trafficPolicy": {"loadBalancer": {"consistentHash": {{hash}} } } }""");

    private static string Backend(string answer) => answer.Split("\r\n").Single(line => line.StartsWith("x-backend: ", StringComparison.Ordinal));
}

using System.Net;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Local rate limits from the object that a user writes to what callers are told, through two ztunnels and the real waypoint.</summary>
[Collection(SharedPlaneCollection.Name)]
public sealed class LocalRateLimitTests(SharedPlane plane)
{
    private const string Counted = "ambient_waypoint_rate_limit_requests_total{";

    [RequiresToolFact("nft,curl", root: true)]
    public async Task ALimit_IsForItsRequestsAlone_AndKeepsWhatIsLeft_WhileOthersChange()
    {
        await plane.BeginAsync();
        plane.Manifest("limits", Limit(Rule("/a", 3), Rule("/probe", 1)));
        await InForceAsync("/probe");

        // Three in an hour, whoever asks; then it is said when there will be another.
        Assert.Equal(["200", "200", "200", "429", "429"], Ask("/a", 5));
        string refused = plane.Ask(Get("/a"));
        Assert.Contains("\r\nx-envoy-ratelimited: true\r\n", refused, StringComparison.Ordinal);
        Assert.Contains("\r\nretry-after: 1", refused, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nlocal_rate_limited", refused, StringComparison.Ordinal);
        Assert.Equal(["200"], Ask("/other", 1));
        string call = plane.Ask("POST /a HTTP/1.1\r\nHost: cart\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", call, StringComparison.Ordinal);
        Assert.Contains("\r\ngrpc-status: 14\r\ngrpc-message: local_rate_limited\r\n", call, StringComparison.Ordinal);

        // Another rule comes, the first is as it was: nothing is left of it. It becomes another: it begins anew.
        plane.Manifest("limits", Limit(Rule("/next", 1), Rule("/a", 3)));
        await InForceAsync("/next");
        Assert.Equal(["200", "429"], [.. Ask("/probe", 1), .. Ask("/a", 1)]);
        plane.Manifest("limits", Limit(Rule("/last", 1), Rule("/a", 2)));
        await InForceAsync("/last");
        Assert.Equal(["200", "200", "429"], Ask("/a", 3));

        // What is wrong changes nothing, and is named.
        plane.Manifest("limits", Limit(Rule("/a", 9).Replace("Hour", "Day", StringComparison.Ordinal)));
        Assert.Contains("bench/limits", await plane.Mesh.Plane.LineAsync("spec.rules[0].limit.unit is 'Day'"), StringComparison.Ordinal);
        Assert.Equal(["429"], Ask("/a", 1));

        string[] metrics = await LinesAsync();
        Assert.Contains(metrics, static line => line.StartsWith(Counted + "policy=\"bench/limits\",result=\"allowed\"} ", StringComparison.Ordinal));
        Assert.Contains(metrics, static line => line.StartsWith(Counted + "policy=\"bench/limits\",result=\"limited\"} ", StringComparison.Ordinal));
        Assert.Contains(metrics, static line => line.StartsWith("istio_requests_total{", StringComparison.Ordinal) && line.Contains("response_code=\"429\"", StringComparison.Ordinal)
            && line.Contains("response_flags=\"RL\"", StringComparison.Ordinal) && line.Contains("destination_service_name=\"cart\"", StringComparison.Ordinal));
        Assert.Contains("local_rate_limited{ns[bench]-policy[limits]-rule[", await plane.Mesh.Waypoint.LineAsync(" 429 RL "), StringComparison.Ordinal);

        plane.NoManifest("limits");
        await Eventually.TrueAsync(() => Ask("/a", 1)[0] == "200");
        Assert.Equal(["200", "200", "200"], Ask("/a", 3));
    }

    [RequiresToolFact("nft,curl", root: true)]
    public async Task Callers_HaveALimitEach_WhereTheRuleSaysSo()
    {
        await plane.BeginAsync();
        plane.Manifest("limits", Limit(Rule("/mine", 2, "Principal"), Rule("/ours", 2), Rule("/probe-of-callers", 1)));
        await InForceAsync("/probe-of-callers");
        Assert.Equal(["200", "200", "429"], Ask("/mine", 3));
        Assert.Equal(["200", "200", "429"], Ask("/mine", 3, plane.Server));
        Assert.Equal(["200"], Ask("/ours", 1));
        Assert.Equal(["200", "429"], Ask("/ours", 2, plane.Server));
    }

    [RequiresToolFact("nft,curl", root: true)]
    public async Task ATrial_RefusesNobody_AndIsCountedAndLogged()
    {
        await plane.BeginAsync();
        plane.Manifest("limits", Limit(Rule("/probe", 1)));
        plane.Manifest("trial", Limit(Rule("/tried", 1)).Replace("name: limits", "name: trial", StringComparison.Ordinal).Replace("spec:", "spec:\n  mode: DryRun", StringComparison.Ordinal));
        await Eventually.TrueAsync(async () =>
        {
            Assert.Equal(["200", "200"], Ask("/tried", 2));
            return (await LinesAsync()).Any(static line => line.StartsWith(Counted + "policy=\"bench/trial\",result=\"would_limit\"} ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));
        });
        Assert.Contains("bench/trial", await plane.Mesh.Waypoint.LineAsync("a local rate limit on trial would have refused requests"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,curl", root: true)]
    public async Task AGateway_IsEverythingThatItServes()
    {
        await plane.BeginAsync();
        plane.Manifest("limits", Limit(Rule("/a", 2), Rule("/probe-of-all", 1)).Replace("{group: \"\", kind: Service, name: cart}", "{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}", StringComparison.Ordinal));
        await InForceAsync("/probe-of-all");
        Assert.Equal(["200", "200", "429"], Ask("/a", 3));
    }

    private static string Limit(params string[] rules) => $$"""
        apiVersion: ambient.mesh/v1alpha1
        kind: LocalRateLimit
        metadata: {name: limits, namespace: bench}
        spec:
          targetRefs: [{group: "", kind: Service, name: cart}]
          rules: [{{string.Join(", ", rules)}}]
        """;

    private static string Rule(string path, int requests, string per = "Waypoint") => $$$"""{per: {{{per}}}, limit: {requests: {{{requests}}}, unit: Hour}, matches: [{path: {type: Exact, value: {{{path}}}}}]}""";

    private static string Get(string path) => $"GET {path} HTTP/1.1\r\nHost: cart\r\n\r\n";

    // Rules of one object are in force together: once one of them refuses, all of them are. Each test probes a path of its own, for what others left may still be in force.
    private async Task InForceAsync(string probe) => await Eventually.TrueAsync(() => Ask(probe, 1)[0] == "429");

    private string[] Ask(string path, int times, VirtualPod? from = null) =>
        [.. Enumerable.Range(0, times).Select(_ => SharedPlane.Ask(from ?? plane.Client, new IPEndPoint(MeshPair.Service.Address, PlaneMesh.HttpPort), Get(path)).Split(' ', 3)[1])];

    private async Task<string[]> LinesAsync() => (await plane.Mesh.Pair.GetAsync(plane.Primary, 15020, "/stats/prometheus")).Split('\n');
}

using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>A second waypoint that gets a part of a service's traffic, from clients in the mesh and through a gateway. Who forwarded is seen where connections arrive.</summary>
[Collection(SharedPlaneCollection.Name)]
public sealed class CanaryTests(SharedPlane plane)
{
    private const string Label = ", istio.io/use-waypoint-canary: canary";

    private const string NoGets = """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: no-gets, namespace: bench}
        spec: {targetRefs: [{kind: Service, group: "", name: cart}], action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}
        """;

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-244")]
    [Trait("behaviour", "WP-245")]
    [Trait("behaviour", "WP-246")]
    public async Task Canary_TakesItsShare_AndNothingOnceNobodyNamesIt()
    {
        await plane.BeginAsync();
        plane.Cart(Label, Weight(100));
        await UntilOnlyAsync(plane.Canary);
        plane.Cart(Label, Weight(50));
        await Eventually.TrueAsync(() => SharedPlane.CameFrom(Ask(), plane.Primary));
        Assert.Equal(2, Enumerable.Range(0, 30).Select(_ => SharedPlane.CameFrom(Ask(), plane.Canary)).Distinct().Count());
        plane.Cart(Label, Weight(0));
        await UntilOnlyAsync(plane.Primary);

        plane.Cart(Label, Weight(100));
        await UntilOnlyAsync(plane.Canary);
        plane.Cart("", Weight(100));
        await UntilOnlyAsync(plane.Primary);

        plane.Cart(Label, Weight(100));
        await UntilOnlyAsync(plane.Canary);
        plane.Cart(Label.Replace("canary: canary", "canary: missing", StringComparison.Ordinal), Weight(100));
        await UntilOnlyAsync(plane.Primary);
    }

    /// <summary>Whoever hears first: the waypoint waits for its service, and serves on until ztunnels have heard.</summary>
    [RequiresToolFact("nft", root: true)]
    public async Task NamingAndUnNamingWaypoints_SendsNobodyAway()
    {
        await plane.BeginAsync();
        ContinuousLoad load = ContinuousLoad.Begin(plane);
        await using (load)
        {
            for (int round = 0; round < 3; round++)
            {
                plane.Cart(Label, Weight(50));
                await Eventually.TrueAsync(() => SharedPlane.CameFrom(Ask(), plane.Canary));
                plane.Cart("", "");
                await UntilOnlyAsync(plane.Primary);
                plane.Cart("", "", waypoint: "canary");
                await UntilOnlyAsync(plane.Canary);
                plane.Cart("", "");
                await UntilOnlyAsync(plane.Primary);
                plane.Cart("", "", waypoint: "none");
                await UntilOnlyAsync(plane.Client);
                plane.Cart("", "");
                await UntilOnlyAsync(plane.Primary);
            }
        }

        Assert.Empty(load.Failures);
        Assert.True(load.Answers > 100, $"{load.Answers} answers");
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-247")]
    public async Task PolicyOfTheService_HoldsAtTheCanaryAsWell()
    {
        await plane.BeginAsync();
        plane.Cart(Label, Weight(100));
        await UntilOnlyAsync(plane.Canary);
        plane.Manifest("policy", NoGets);
        await Eventually.TrueAsync(() => plane.Ask(SharedPlane.Get).StartsWith("HTTP/1.1 403 ", StringComparison.Ordinal));
        Assert.EndsWith("RBAC: access denied", plane.Ask("GET /at-the-canary HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        string posted = plane.Ask("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", posted, StringComparison.Ordinal);
        Assert.True(SharedPlane.CameFrom(posted, plane.Canary), posted);
        await plane.CanaryProcess.LineAsync("GET /at-the-canary");
        Assert.DoesNotContain("GET /at-the-canary", plane.Mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-194")]
    public async Task TokensOfTheWholeMesh_AreCheckedByEveryWaypoint()
    {
        await plane.BeginAsync();
        using MeshTokens tokens = new();
        plane.Manifest("tokens", tokens.Authentication("istio-system", "{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}"));
        foreach ((int weight, VirtualPod pod) in new[] { (0, plane.Primary), (100, plane.Canary) })
        {
            plane.Cart(Label, Weight(weight));
            await UntilOnlyAsync(pod);
            string path = $"/foreign-{weight}";
            await Eventually.TrueAsync(() => plane.Ask(MeshTokens.Get(path, tokens.Foreign())).StartsWith("HTTP/1.1 401 ", StringComparison.Ordinal));
            await (pod == plane.Primary ? plane.Mesh.Waypoint : plane.CanaryProcess).LineAsync($"\"GET {path} HTTP/1.1\" 401");
            string good = plane.Ask(MeshTokens.Get("/good", tokens.Sign("""{"sub": "sub-1"}""")));
            Assert.StartsWith("HTTP/1.1 200 ", good, StringComparison.Ordinal);
            Assert.True(SharedPlane.CameFrom(good, pod), good);
            Assert.DoesNotContain("authorization", good, StringComparison.OrdinalIgnoreCase);
        }
    }

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-248")]
    public async Task Gateway_GoesAroundTheWaypoint_UnlessServiceOrNamespaceSayOtherwise()
    {
        const string Namespace = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: bench, labels: {istio.io/ingress-use-waypoint: "true"}}
            """;
        const string NoWaypoint = ", ambient.mesh/require-waypoint: never";
        await plane.BeginAsync();
        plane.Manifest("edge", Gateway);
        plane.Cart("", NoWaypoint);
        await Eventually.TrueAsync(() => SharedPlane.CameFrom(AskGateway(), plane.Edge));
        plane.Manifest("policy", """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: nothing, namespace: bench}
            spec: {targetRefs: [{kind: Service, group: "", name: cart}]}
            """);
        await Eventually.TrueAsync(() => plane.Ask(SharedPlane.Get).StartsWith("HTTP/1.1 403 ", StringComparison.Ordinal));
        Assert.True(SharedPlane.CameFrom(AskGateway(), plane.Edge));

        plane.Cart(", istio.io/ingress-use-waypoint: \"true\"", NoWaypoint);
        await UntilAsync("HTTP/1.1 403 ");
        plane.Cart("", NoWaypoint);
        await UntilAsync("HTTP/1.1 200 ");
        plane.Manifest("namespace", Namespace);
        await UntilAsync("HTTP/1.1 403 ");

        // What the service says itself counts before what its namespace says.
        plane.Cart(", istio.io/ingress-use-waypoint: \"false\"", NoWaypoint);
        await UntilAsync("HTTP/1.1 200 ");
        plane.Cart(", istio.io/ingress-use-waypoint: \"1\"", NoWaypoint);
        await UntilAsync("HTTP/1.1 403 ");
    }

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-249")]
    public async Task Gateway_SharesTheRequestsOfAConnectionBetweenBothWaypoints()
    {
        const string Through = ", istio.io/ingress-use-waypoint: \"true\"";
        await plane.BeginAsync();
        plane.Manifest("edge", Gateway);
        plane.Cart(Through + Label, Weight(100));
        await Eventually.TrueAsync(() => SharedPlane.CameFrom(AskGateway(), plane.Canary));
        plane.Cart(Through + Label, Weight(25));
        await Eventually.TrueAsync(() => SharedPlane.CameFrom(AskGateway(), plane.Primary));
        using Socket kept = MeshPair.Connect(plane.Outside, new IPEndPoint(plane.Edge.Address, 80));
        string[] answers = [.. Enumerable.Range(0, 200).Select(_ => WaypointMesh.Ask(kept, SharedPlane.Get))];
        Assert.All(answers, answer => Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal));
        int canary = answers.Count(answer => SharedPlane.CameFrom(answer, plane.Canary));

        // 50 of 200 are expected; six standard deviations are 37.
        Assert.InRange(canary, 13, 87);
        Assert.Equal(200, canary + answers.Count(answer => SharedPlane.CameFrom(answer, plane.Primary)));
    }

    private const string Gateway = """
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: edge, namespace: bench}
        spec: {selector: {app: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: edge, namespace: bench}
        spec: {hosts: ["*"], gateways: [edge], http: [{route: [{destination: {host: cart}}]}]}
        """;

    private static string Weight(int percent) => $", istio.io/use-waypoint-canary-weight: \"{percent}\"";

    private string Ask()
    {
        string answer = plane.Ask(SharedPlane.Get);
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        return answer;
    }

    private string AskGateway() => SharedPlane.Ask(plane.Outside, new IPEndPoint(plane.Edge.Address, 80), SharedPlane.Get);

    private Task UntilAsync(string beginning) => Eventually.TrueAsync(() => AskGateway().StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>Until requests come through one waypoint and no other; none fails meanwhile.</summary>
    private Task UntilOnlyAsync(VirtualPod pod) => Eventually.TrueAsync(() => Enumerable.Range(0, 20).All(_ => SharedPlane.CameFrom(Ask(), pod)));
}

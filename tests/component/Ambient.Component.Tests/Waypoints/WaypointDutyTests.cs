using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Who goes around a waypoint: let in where nobody minds, refused where a policy needs the waypoint. Control plane, ztunnels and waypoint are real.</summary>
public sealed class WaypointDutyTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
    private const string Put = "PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 0\r\n\r\n";
    private const string Used = "istio.io/use-waypoint: waypoint";

    private const string NoPuts = """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: no-puts, namespace: bench}
        spec: {targetRefs: [{kind: TARGET, group: "GROUP", name: NAME}], action: DENY, rules: [{to: [{operation: {methods: [PUT]}}]}]}
        """;

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-10")]
    [Trait("behaviour", "WP-11")]
    [Trait("behaviour", "WP-134")]
    public async Task PolicyThatNeedsHttp_ClosesEveryWayAroundTheWaypoint()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend first = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using HttpBackend second = HttpBackend.Start(mesh.Pair.Server, 9002, "v2");
        IPEndPoint pod = new(mesh.Pair.Server.Address, 9001);
        IPEndPoint other = new(mesh.Pair.Server.Address, 9002);
        IPEndPoint unbound = new(IPAddress.Parse("10.96.0.11"), PlaneMesh.HttpPort);
        await Eventually.TrueAsync(() => mesh.Ask(Get).Contains("x-request-id: ", StringComparison.Ordinal));

        // Nobody minds: the pod itself, another service with the same port, and a client outside the mesh, none of them through the waypoint.
        foreach (string answer in new[] { Ask(mesh.Pair.Client, pod, Get), Ask(mesh.Pair.Client, unbound, Get), Ask(mesh.Pair.Stranger, pod, Get) })
        {
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("x-request-id: ", answer, StringComparison.Ordinal);
        }

        mesh.Manifest("policy", NoPuts.Replace("TARGET", "Service", StringComparison.Ordinal).Replace("GROUP", "", StringComparison.Ordinal).Replace("NAME", "cart", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Ask(mesh.Pair.Client, pod, Get).Length == 0);
        await Eventually.TrueAsync(() => mesh.Ask(Put).StartsWith("HTTP/1.1 403", StringComparison.Ordinal));
        Assert.Equal("", Ask(mesh.Pair.Client, unbound, Get));
        Assert.Equal("", Ask(mesh.Pair.Stranger, pod, Get));
        Assert.StartsWith("HTTP/1.1 200 ", mesh.Ask(Get), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", Ask(mesh.Pair.Client, other, Get), StringComparison.Ordinal);
        await mesh.Pair.ServerProxy.LineAsync("ambient_require_waypoint_");

        // Who says so goes back to what other meshes do.
        mesh.Manifest("mesh", mesh.Mesh().Replace("{name: cart, namespace: bench, labels", "{name: cart, namespace: bench, annotations: {ambient.mesh/require-waypoint: never}, labels", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Ask(mesh.Pair.Client, pod, Put).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 403 ", mesh.Ask(Put), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-2")]
    [Trait("behaviour", "WP-12")]
    [Trait("behaviour", "WP-13")]
    [Trait("behaviour", "WP-138")]
    public async Task WaypointOfAWorkload_IsPassedByWhoDialsThePod_AndPoliciesOfTheGatewayHold()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend first = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using HttpBackend second = HttpBackend.Start(mesh.Pair.Server, 9002, "v2");
        IPEndPoint pod = new(mesh.Pair.Server.Address, 9001);
        IPEndPoint other = new(mesh.Pair.Server.Address, 9002);
        IPEndPoint service = new(IPAddress.Parse("10.96.0.11"), PlaneMesh.HttpPort);
        mesh.Manifest("mesh", mesh.Mesh()
            .Replace("labels: {app: server,", "labels: {app: server, " + Used + ",", StringComparison.Ordinal)
            .Replace("metadata: {name: waypoint, namespace: bench}", "metadata: {name: waypoint, namespace: bench, labels: {istio.io/waypoint-for: workload}}", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Ask(mesh.Pair.Client, pod, Get).Contains("x-request-id: ", StringComparison.Ordinal));
        Assert.Contains("x-backend: v1", Ask(mesh.Pair.Client, pod, Get), StringComparison.Ordinal);
        Assert.Contains("x-backend: v2", Ask(mesh.Pair.Client, other, Get), StringComparison.Ordinal);

        // By a service it is not passed: that has no waypoint.
        string direct = Ask(mesh.Pair.Client, service, Get);
        Assert.StartsWith("HTTP/1.1 200 ", direct, StringComparison.Ordinal);
        Assert.DoesNotContain("x-request-id: ", direct, StringComparison.Ordinal);

        mesh.Manifest("policy", NoPuts.Replace("TARGET", "Gateway", StringComparison.Ordinal).Replace("GROUP", "gateway.networking.k8s.io", StringComparison.Ordinal).Replace("NAME", "waypoint", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Ask(mesh.Pair.Client, pod, Put).StartsWith("HTTP/1.1 403", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 200 ", Ask(mesh.Pair.Client, pod, Get), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => Ask(mesh.Pair.Client, service, Get).Length == 0);
        Assert.StartsWith("HTTP/1.1 403", Ask(mesh.Pair.Client, other, Put), StringComparison.Ordinal);
    }

    /// <summary>The answer; empty when the connection was refused or ended without one.</summary>
    private static string Ask(VirtualPod from, IPEndPoint to, string request)
    {
        try
        {
            using Socket socket = MeshPair.Connect(from, to);
            return WaypointMesh.Ask(socket, request);
        }
        catch (SocketException)
        {
            return "";
        }
    }
}

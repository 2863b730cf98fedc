using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>ServiceEntries whose endpoints only DNS knows, through a waypoint, with a real nameserver and servers outside of the mesh.</summary>
public sealed class NamedEndpointsTests
{
    private static readonly IPEndPoint Api = new(IPAddress.Parse("10.96.7.1"), 80);

    [RequiresToolFact("nft,dnsmasq", root: true)]
    [Trait("behaviour", "WP-205")]
    [Trait("behaviour", "WP-206")]
    public async Task AHostThatDnsKnows_GoesThroughAWaypointOfAnotherNamespace_IfThatAllowsIt()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        await using Nameserver names = new(mesh.Pair.Network, mesh.Pair.Client.Node);
        VirtualPod outside = mesh.Pair.Client.Node.AddPod("outside");
        using HttpBackend server = HttpBackend.Start(outside, 8080, "outside");
        await names.StartAsync(("server.example.com", outside.Address));
        mesh.Manifest("entry", Entry("DNS", "other", $"endpoints: [{{address: {outside.Address}}}], "));
        string plain = await UntilAsync(mesh, "X-Backend: outside");
        Assert.DoesNotContain("x-request-id", plain, StringComparison.OrdinalIgnoreCase);
        mesh.Manifest("mesh", mesh.Mesh().Replace("protocol: HBONE}", "protocol: HBONE, allowedRoutes: {namespaces: {from: All}}}", StringComparison.Ordinal));
        await UntilAsync(mesh, "x-request-id");
        mesh.Manifest("entry", Entry("DNS", "other", "endpoints: [{address: server.example.com}], "));
        await Eventually.TrueAsync(() => names.Log.Contains("server.example.com", StringComparison.Ordinal));
        string passed = await UntilAsync(mesh, "x-request-id");
        Assert.Contains("200 OK", passed, StringComparison.Ordinal);
        Assert.Contains("outside\nGET / HTTP/1.1", passed, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,dnsmasq", root: true)]
    public async Task AnswersAreFollowed_AndTheLastOneCounts_WhileNobodyCanBeAsked()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        await using Nameserver names = new(mesh.Pair.Network, mesh.Pair.Client.Node);
        VirtualPod first = mesh.Pair.Client.Node.AddPod("first");
        VirtualPod second = mesh.Pair.Client.Node.AddPod("second");
        using HttpBackend one = HttpBackend.Start(first, 8080, "one");
        using HttpBackend two = HttpBackend.Start(second, 8080, "two");

        // Nobody knows it, nobody can be asked: no answer is no way around.
        mesh.Manifest("entry", Entry("DNS", "bench"));
        await UntilAsync(mesh, "no healthy upstream");
        await names.StartAsync(("api.example.com", first.Address));
        await UntilAsync(mesh, "x-backend: one");
        await names.StopAsync();
        await mesh.Waypoint.LineAsync("its last addresses stay in use");
        Assert.Contains("x-backend: one", Ask(mesh), StringComparison.Ordinal);

        // Both addresses are endpoints, then only the new one is.
        await names.StartAsync(("api.example.com", first.Address), ("api.example.com", second.Address));
        await UntilAsync(mesh, "x-backend: two");
        await UntilAsync(mesh, "x-backend: one");
        await names.StopAsync();
        await names.StartAsync(("api.example.com", second.Address));
        await Eventually.TrueAsync(() => Enumerable.Range(0, 12).All(_ => Ask(mesh).Contains("x-backend: two", StringComparison.Ordinal)));

        // A name that leads to the waypoint itself leads nowhere.
        await names.StopAsync();
        await names.StartAsync(("api.example.com", IPAddress.Loopback), ("api.example.com", mesh.Pair.Stranger.Address));
        await UntilAsync(mesh, "no healthy upstream");
    }

    private static string Entry(string resolution, string @namespace, string endpoints = "") => $$$"""
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: api, namespace: {{{@namespace}}}, labels: {istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: bench}}
        spec: {hosts: [api.example.com], {{{endpoints}}}addresses: [10.96.7.1], location: MESH_EXTERNAL, resolution: {{{resolution}}}, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]}
        """;

    private static string Ask(PlaneMesh mesh)
    {
        try
        {
            using Socket socket = MeshPair.Connect(mesh.Pair.Client, Api);
            return WaypointMesh.Ask(socket, "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
        }
        catch (SocketException refused)
        {
            return refused.Message;
        }
    }

    private static async Task<string> UntilAsync(PlaneMesh mesh, string text)
    {
        string answer = "";
        await Eventually.TrueAsync(() =>
        {
            answer = Ask(mesh);
            return Task.FromResult(answer.Contains(text, StringComparison.OrdinalIgnoreCase));
        });
        return answer;
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Which services a waypoint serves and how, with everything real: labels that change, ports of several services, what rules change in requests.</summary>
public sealed class ServicesOnTheWireTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-17")]
    [Trait("behaviour", "WP-18")]
    public async Task TheLabelOfAService_MayChange_WhileItIsUsed()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        await Eventually.TrueAsync(() => mesh.Ask(Get).Contains("x-request-id: ", StringComparison.Ordinal));
        foreach ((string waypoint, bool isPassed) in new[] { ("none", false), ("waypoint", true), ("nobody", false), ("waypoint", true) })
        {
            mesh.Manifest("mesh", mesh.Mesh().Replace("{name: cart, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}", $"{{name: cart, namespace: bench, labels: {{istio.io/use-waypoint: {waypoint}}}}}", StringComparison.Ordinal));
            await Eventually.TrueAsync(() =>
            {
                string answer = mesh.Ask(Get);
                Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
                return answer.Contains("x-request-id: ", StringComparison.Ordinal) == isPassed;
            });
        }
    }

    [RequiresToolFact("nft,node,curl", root: true)]
    [Trait("behaviour", "WP-30")]
    [Trait("behaviour", "WP-31")]
    [Trait("behaviour", "WP-35")]
    public async Task PortsOfSeveralServices_KeepTheirOwnProtocol_AndMayLeadToTheSamePods()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using Socket bytes = MeshPair.Listen(mesh.Pair.Server, 9100);
        Peer young = mesh.Pair.Network.Start(new ProcessPlan("http2server", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "http2server.js"), "9003")
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "http2server.log"),
        });
        await young.LineAsync("LISTENING");
        mesh.Manifest("more", Service("same", "10.96.1.1", $"{{name: http, port: {PlaneMesh.HttpPort}, targetPort: 9001, protocol: TCP}}")
            + Service("raw", "10.96.1.2", $"{{name: tcp, port: {PlaneMesh.HttpPort}, targetPort: 9100, protocol: TCP}}")
            + Service("far", "10.96.1.3", "{name: http, port: 12345, targetPort: 9001, protocol: TCP}")
            + Service("young", "10.96.1.4", "{name: anything, port: 80, targetPort: 9003, protocol: TCP, appProtocol: kubernetes.io/h2c}"));

        // The same number, the same pods, other numbers: requests all of them.
        foreach ((string address, int port) in new[] { ("10.96.0.10", PlaneMesh.HttpPort), ("10.96.1.1", PlaneMesh.HttpPort), ("10.96.1.3", 12345) })
        {
            await Eventually.TrueAsync(() => Ask(mesh, address, port, Get).Contains("x-request-id: ", StringComparison.Ordinal));
        }

        // Beside them bytes, which nobody looks into.
        using Socket client = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(IPAddress.Parse("10.96.1.2"), PlaneMesh.HttpPort));
        client.Send("GET / HTTP/1.1\r\n"u8);
        using Socket accepted = await MeshPair.AcceptAsync(bytes);
        byte[] buffer = new byte[64];
        Assert.Equal("GET / HTTP/1.1\r\n", Encoding.ASCII.GetString(buffer, 0, accepted.Receive(buffer)));
        accepted.Send("anything"u8);
        Assert.Equal("anything", Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)));

        // An endpoint that takes HTTP/2 alone has it, whatever the client speaks.
        foreach (string version in new[] { "--http1.1", "--http2-prior-knowledge" })
        {
            string status = "";
            await Eventually.TrueAsync(async () => (status = await mesh.Pair.Network.RunAsync(mesh.Pair.Client, "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", version, "http://10.96.1.4/version")) == "200");
            Assert.Equal("200", status);
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-41")]
    [Trait("behaviour", "WP-50")]
    [Trait("behaviour", "WP-107")]
    public async Task WhatRulesChange_ArrivesAtTheEndpoint()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync(
            [],
            ("VirtualService", """
            {"hosts": ["cart"], "http": [
              {"match": [{"uri": {"prefix": "/both"} }], "headers": {"request": {"set": {":authority": "of-the-rule"} } }, "route": [{"destination": {"host": "v1"}, "headers": {"request": {"set": {"Host": "of-the-destination"} } } }]},
              {"match": [{"uri": {"prefix": "/one"} }], "route": [{"destination": {"host": "v1"}, "headers": {"request": {"set": {"Host": "of-the-destination"} } } }]},
              {"rewrite": {"authority": "new-authority"}, "route": [{"destination": {"host": "v1"} }]}]}
            """),
            ("DestinationRule", """{"host": "v1", "trafficPolicy": {"connectionPool": {"http": {"idleTimeout": "30s"} } } }"""));
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        foreach ((string path, string host) in new[] { ("/both", "of-the-rule"), ("/one", "of-the-destination"), ("/", "new-authority") })
        {
            string answer = mesh.Ask($"GET {path} HTTP/1.1\r\nHost: cart\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            Assert.Contains($"\r\nhost: {host}\r\n", answer, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static string Ask(PlaneMesh mesh, string address, int port, string request)
    {
        try
        {
            using Socket socket = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(IPAddress.Parse(address), port));
            return WaypointMesh.Ask(socket, request);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static string Service(string name, string address, string port) => $$$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
        spec: {clusterIP: {{{address}}}, clusterIPs: [{{{address}}}], selector: {app: server}, ports: [{{{port}}}]}
        ---

        """;
}

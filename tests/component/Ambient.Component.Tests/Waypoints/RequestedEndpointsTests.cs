using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>ServiceEntries whose endpoint a request names: by its host, by a server name, or by the address that was dialled.</summary>
public sealed class RequestedEndpointsTests
{
    private const string Wildcard = "10.96.7.2";

    [RequiresToolFact("nft,dnsmasq", root: true)]
    [Trait("behaviour", "WP-213")]
    [Trait("behaviour", "WP-214")]
    [Trait("behaviour", "WP-215")]
    public async Task AWildcard_LeadsToTheHostThatIsAskedFor_AndNowhereElse()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        await using Nameserver names = new(mesh.Pair.Network, mesh.Pair.Client.Node);
        VirtualPod outside = mesh.Pair.Client.Node.AddPod("outside");
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        using HttpBackend plain = HttpBackend.Start(outside, 8080, "outside");
        using TlsBackend tls = TlsBackend.Start(outside, 9443, authority.Issue("shop.example.com"));
        await names.StartAsync(("shop.example.com", outside.Address), ("self.example.com", IPAddress.Loopback), ("pod.example.com", mesh.Pair.Stranger.Address));
        mesh.Manifest("secret", Secret(authority));
        mesh.Manifest("entry", """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: wild, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
            spec:
              hosts: ["*.example.com"]
              addresses: [10.96.7.2]
              location: MESH_EXTERNAL
              resolution: DYNAMIC_DNS
              ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}, {number: 8443, name: origination, protocol: HTTP, targetPort: 9443}, {number: 443, name: tls, protocol: TLS, targetPort: 9443}, {number: 15020, name: own, protocol: HTTP}]
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: wild, namespace: bench}
            spec: {host: "*.example.com", trafficPolicy: {portLevelSettings: [{port: {number: 8443}, tls: {mode: SIMPLE, credentialName: roots}}]}}
            """);
        string passed = await UntilAsync(mesh, Wildcard, 80, "shop.example.com", "x-backend: outside");
        Assert.Contains("x-request-id", passed, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("x-backend: outside", Ask(mesh, Wildcard, 80, "SHOP.example.com:80"), StringComparison.Ordinal);
        Assert.Contains("404 Not Found", Ask(mesh, Wildcard, 80, "shop.example.org"), StringComparison.Ordinal);
        Assert.Contains("404 Not Found", Ask(mesh, Wildcard, 80, "example.com"), StringComparison.Ordinal);
        foreach (string host in new[] { "nobody.example.com", "self.example.com", "pod.example.com" })
        {
            Assert.EndsWith("DNS resolution failure", Ask(mesh, Wildcard, 80, host), StringComparison.Ordinal);
            Assert.EndsWith("DNS resolution failure", Ask(mesh, Wildcard, 15020, host), StringComparison.Ordinal);
        }

        // TLS of the waypoint's own, to the host that was asked for, and TLS of the client's, by its server name.
        await UntilAsync(mesh, Wildcard, 8443, "shop.example.com", "tls shop.example.com http/1.1");
        Assert.EndsWith("tls shop.example.com http/1.1", await AskTlsAsync(mesh, "shop.example.com"), StringComparison.Ordinal);
        foreach (string host in new[] { "shop.example.org", "self.example.com" })
        {
            Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => AskTlsAsync(mesh, host));
            Assert.True(refused is IOException or SocketException, refused.ToString());
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-207")]
    [Trait("behaviour", "WP-208")]
    [Trait("behaviour", "WP-221")]
    public async Task AddressesAsTheyWereDialled_AreReachedThroughTheWaypoint()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        VirtualPod outside = mesh.Pair.Client.Node.AddPod("outside");
        using HttpBackend own = HttpBackend.Start(outside, new IPEndPoint(outside.Address, 8080), "own");
        string before = Ask(mesh, outside.Address.ToString(), 8080, "any");
        Assert.Contains("X-Backend: own", before, StringComparison.Ordinal);
        Assert.DoesNotContain("x-request-id", before, StringComparison.OrdinalIgnoreCase);
        mesh.Manifest("entry", Entry(outside.Address.ToString()));
        Assert.Contains("x-backend: own", await UntilAsync(mesh, outside.Address.ToString(), 8080, "any", "x-request-id"), StringComparison.Ordinal);

        // Any address of a range, and that one alone.
        foreach (string address in new[] { "10.77.0.5", "10.77.0.6" })
        {
            await mesh.Pair.Network.RunAsync(outside, "ip", "addr", "add", address + "/32", "dev", "lo");
        }

        await mesh.Pair.Network.RunAsync(outside, "ip", "-n", mesh.Pair.Client.Node.NamespaceName, "route", "add", "10.77.0.0/24", "via", outside.Address.ToString());
        using HttpBackend five = HttpBackend.Start(outside, new IPEndPoint(IPAddress.Parse("10.77.0.5"), 8080), "five");
        using HttpBackend six = HttpBackend.Start(outside, new IPEndPoint(IPAddress.Parse("10.77.0.6"), 8080), "six");
        foreach (string addresses in new[] { "10.77.0.0/24", "10.77.0.5, 10.77.0.6" })
        {
            mesh.Manifest("entry", Entry(addresses));
            Assert.Contains("x-backend: five", await UntilAsync(mesh, "10.77.0.5", 8080, "any", "x-request-id"), StringComparison.Ordinal);
            Assert.Contains("x-backend: six", await UntilAsync(mesh, "10.77.0.6", 8080, "any", "x-request-id"), StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft,dnsmasq", root: true)]
    [Trait("behaviour", "WP-216")]
    public async Task Races_AreWonByWhoeverAnswers()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        await using Nameserver names = new(mesh.Pair.Network, mesh.Pair.Client.Node);
        VirtualPod outside = mesh.Pair.Client.Node.AddPod("outside");
        using HttpBackend six = HttpBackend.Start(outside, new IPEndPoint(outside.AddressV6, 8080), "six");
        using HttpBackend four = HttpBackend.Start(outside, new IPEndPoint(outside.Address, 8081), "four");
        await names.StartAsync(("shop.example.com", outside.Address), ("shop.example.com", outside.AddressV6));
        mesh.Manifest("entry", """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: shop, namespace: bench, labels: {istio.io/use-waypoint: waypoint}, annotations: {istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT}}
            spec: {hosts: [shop.example.com], addresses: [10.96.7.2], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}, {number: 81, name: http2, protocol: HTTP, targetPort: 8081}]}
            """);
        await UntilAsync(mesh, Wildcard, 80, "shop.example.com", "x-backend: six");
        await UntilAsync(mesh, Wildcard, 81, "shop.example.com", "x-backend: four");
    }

    private static string Entry(string addresses) => $$$"""
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: dialled, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
        spec: {hosts: [dialled.example.com], addresses: [{{{addresses}}}], location: MESH_EXTERNAL, resolution: NONE, ports: [{number: 8080, name: http, protocol: HTTP}]}
        """;

    private static string Secret(WebCertificates authority) => $$"""
        apiVersion: v1
        kind: Secret
        metadata: {name: roots, namespace: bench}
        data:
          ca.crt: {{Convert.ToBase64String(authority.Root)}}
        """;

    private static string Ask(PlaneMesh mesh, string address, int port, string host)
    {
        try
        {
            using Socket socket = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(IPAddress.Parse(address), port));
            return WaypointMesh.Ask(socket, $"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        }
        catch (SocketException refused)
        {
            return refused.Message;
        }
    }

    private static async Task<string> AskTlsAsync(PlaneMesh mesh, string host)
    {
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(IPAddress.Parse(Wildcard), 443));
        await using SslStream tls = new(new NetworkStream(socket), leaveInnerStreamOpen: true, static (_, certificate, _, _) => certificate?.Subject == "CN=shop.example.com");
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, ApplicationProtocols = [SslApplicationProtocol.Http11] });
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        byte[] buffer = new byte[4096];
        int read = await tls.ReadAsync(buffer);
        return Encoding.ASCII.GetString(buffer, 0, read);
    }

    private static async Task<string> UntilAsync(PlaneMesh mesh, string address, int port, string host, string text)
    {
        string answer = "";
        await Eventually.TrueAsync(() =>
        {
            answer = Ask(mesh, address, port, host);
            return Task.FromResult(answer.Contains(text, StringComparison.OrdinalIgnoreCase));
        });
        return answer;
    }
}

using System.Text;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>From a folder of manifests to a request from outside: control plane, gateway, ztunnel, app.</summary>
public sealed class IngressPlaneTests
{
    [RequiresToolFact("nft,curl,node", root: true)]
    [Trait("behaviour", "WP-255")]
    public async Task AGatewayOfManifests_TakesRequestsFromOutsideIntoTheMesh()
    {
        using TestCertificates authority = new();
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend first = HttpBackend.Start(mesh.Pair.Server, 9001, "v1"), second = HttpBackend.Start(mesh.Pair.Server, 9002, "v2");
        string roots = Path.Combine(mesh.Pair.Network.Directory, "edge-roots.pem");
        await File.WriteAllTextAsync(roots, authority.Pem);
        mesh.Manifest("edge", Edge(""));
        await mesh.Waypoint.LineAsync("a port is open");
        await Eventually.TrueAsync(async () => (await CurlAsync(mesh, "http://shop.example.com/a")).Output.Contains("v1\nGET /a HTTP/1.1", StringComparison.Ordinal));
        Assert.Contains("HTTP/1.1 404", (await CurlAsync(mesh, "http://else.example.com/")).Output, StringComparison.Ordinal);

        // No certificate, no port.
        Assert.NotEqual(0, (await CurlAsync(mesh, "https://shop.example.com/", "-k")).ExitCode);
        await mesh.Waypoint.LineAsync("a listener is closed");
        (string chain, string key) = authority.Issue(["shop.example.com"]);
        mesh.Manifest("edge", Edge(Secret(chain, key, authority.Pem)));
        await Eventually.TrueAsync(async () => (await CurlAsync(mesh, "https://shop.example.com/b", "--cacert", roots)).Output.Contains("v2\nGET /b HTTP/1.1", StringComparison.Ordinal));

        // Who came without a certificate goes when one is demanded, though nothing else is different.
        Peer node = mesh.Pair.Network.Start(new ProcessPlan("node", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "edgeclient.js"), mesh.Pair.Stranger.Address.ToString())
        {
            NamespaceName = mesh.Pair.Stranger.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "node.log"),
        });
        await node.LineAsync("asked 0");
        mesh.Manifest("edge", Edge(Secret(chain, key, authority.Pem), "MUTUAL"));
        await node.LineAsync("goaway 0");

        // The endpoint's ztunnel has seen the gateway's own identity (which it says when connections end), and nobody wrote the key down.
        await mesh.Waypoint.Process.StopAsync(TimeSpan.FromSeconds(20));
        await mesh.Pair.ServerProxy.LineAsync("spiffe://cluster.local/ns/bench/sa/waypoint");
        string secret = key.Split('\n')[1];
        Assert.DoesNotContain(secret, mesh.Plane.Log + mesh.Waypoint.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    private static Task<CommandResult> CurlAsync(PlaneMesh mesh, string url, params string[] arguments)
    {
        Uri uri = new(url);
        return mesh.Pair.Network.TryRunAsync(mesh.Pair.Stranger, "curl", ["-sSi", "--max-time", "10", "--resolve", $"{uri.Host}:{uri.Port}:{mesh.Pair.Stranger.Address}", .. arguments, url]);
    }

    private static string Secret(string chain, string key, string authorities) => $$"""
        apiVersion: v1
        kind: Secret
        type: kubernetes.io/tls
        metadata: {name: cert, namespace: bench}
        data: {tls.crt: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(chain))}}, tls.key: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(key))}}, ca.crt: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(authorities))}}}
        ---

        """;

    private static string Edge(string secret, string mode = "SIMPLE") => secret + $$"""
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: edge, namespace: shop}
        spec:
          selector: {app: waypoint}
          servers:
          - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
          - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*.example.com"], tls: {mode: {{mode}}, credentialName: cert} }
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop, namespace: shop}
        spec:
          hosts: [shop.example.com]
          gateways: [edge]
          http:
          - match: [{port: 443}]
            route: [{destination: {host: v2.bench.svc.cluster.local} }]
          - route: [{destination: {host: v1.bench.svc.cluster.local} }]
        """;
}

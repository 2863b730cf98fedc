using System.Text;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>Istio's Gateways with curl outside of the mesh: redirects, versions, schemes, and policies of the gateway.</summary>
[Collection(SharedPlaneCollection.Name)]
public sealed class GatewayRuleTests(SharedPlane plane)
{
    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-250")]
    [Trait("behaviour", "WP-251")]
    [Trait("behaviour", "WP-252")]
    [Trait("behaviour", "WP-253")]
    public async Task Redirects_Versions_AndSchemes()
    {
        await plane.BeginAsync();
        using TestCertificates authority = new();
        (string chain, string key) = authority.Issue(["shop.example.com", "old.example.com"]);
        plane.Manifest("secret", $$"""
            apiVersion: v1
            kind: Secret
            type: kubernetes.io/tls
            metadata: {name: cert, namespace: bench}
            data: {tls.crt: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(chain))}}, tls.key: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(key))}} }
            """);
        plane.Manifest("edge", """
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: edge, namespace: bench}
            spec:
              selector: {app: edge}
              servers:
              - {port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}
              - {port: {number: 80, name: moved, protocol: HTTP}, hosts: [old.example.com], tls: {httpsRedirect: true}}
              - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*.example.com"], tls: {mode: SIMPLE, credentialName: cert}}
            """);

        // Nothing is routed yet: nobody is found, and who is to come again over TLS is told so already. That alone tells this Gateway from the last test's.
        await UntilAsync("http://old.example.com/a?b", "HTTP/1.1 301 ");
        Assert.Contains("HTTP/1.1 404 ", await plane.CurlAsync("http://shop.example.com/"), StringComparison.Ordinal);
        plane.Manifest("routes", """
            apiVersion: v1
            kind: Service
            metadata: {name: unnamed, namespace: bench}
            spec: {clusterIP: 10.96.0.60, clusterIPs: [10.96.0.60], selector: {app: server}, ports: [{port: 9000, targetPort: 9001, protocol: TCP}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: shop, namespace: bench}
            spec:
              hosts: [shop.example.com]
              gateways: [edge]
              http:
              - {match: [{uri: {exact: /unnamed}}], route: [{destination: {host: unnamed}}]}
              - {match: [{scheme: {exact: https}}], route: [{destination: {host: v2}}]}
              - {match: [{scheme: {exact: http}}], route: [{destination: {host: v1}}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: old, namespace: bench}
            spec: {hosts: [old.example.com], gateways: [edge], http: [{match: [{port: 443}], route: [{destination: {host: v1}}]}]}
            """);
        await UntilAsync("http://shop.example.com/", "x-backend: v1");
        Assert.Contains("x-backend: v2", await plane.CurlAsync("https://shop.example.com/", "-k"), StringComparison.Ordinal);
        string moved = await plane.CurlAsync("http://old.example.com/a?b");
        Assert.Contains("HTTP/1.1 301 ", moved, StringComparison.Ordinal);
        Assert.Contains("location: https://old.example.com/a?b\r\n", moved, StringComparison.Ordinal);
        Assert.Contains("x-backend: v1", await plane.CurlAsync("https://old.example.com/a?b", "-k"), StringComparison.Ordinal);

        // What the client speaks is no reason to speak it to a service that did not say what it speaks.
        foreach (string[] how in new[] { (string[])["https://shop.example.com/unnamed", "-k", "--http2"], ["http://shop.example.com/unnamed", "--http2-prior-knowledge"] })
        {
            string answer = await plane.CurlAsync(how[0], how[1..]);
            Assert.StartsWith("HTTP/2 200", answer, StringComparison.Ordinal);
            Assert.Contains("v1\nGET /unnamed HTTP/1.1\r\n", answer, StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-254")]
    public async Task PoliciesOfTheGateway_SeeHostsPathsAndTheClientBehindAProxy()
    {
        await plane.BeginAsync();
        plane.MeshConfig(", defaultConfig: {gatewayTopology: {numTrustedProxies: 1}}");
        plane.Manifest("edge", """
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: edge, namespace: bench}
            spec: {selector: {app: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: edge, namespace: bench}
            spec: {hosts: ["*"], gateways: [edge], http: [{route: [{destination: {host: v1}}]}]}
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: hosts, namespace: bench}
            spec: {selector: {matchLabels: {app: edge}}, action: DENY, rules: [{to: [{operation: {hosts: [admin.example.com], paths: ["/private*"]}}]}]}
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: blocks, namespace: bench}
            spec: {selector: {matchLabels: {app: edge}}, action: DENY, rules: [{from: [{source: {remoteIpBlocks: [172.17.72.46, 192.168.4.0/23]}}]}]}
            """);
        await UntilAsync("http://admin.example.com/private/a", "HTTP/1.1 403 ");
        Assert.Contains("RBAC: access denied", await plane.CurlAsync("http://admin.example.com/private"), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200 ", await plane.CurlAsync("http://admin.example.com/public"), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200 ", await plane.CurlAsync("http://shop.example.com/private"), StringComparison.Ordinal);
        await UntilAsync("http://shop.example.com/", "HTTP/1.1 403 ", "172.17.72.46");
        Assert.Contains("HTTP/1.1 403 ", await ThroughAsync("192.168.5.233"), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200 ", await ThroughAsync("10.4.5.6"), StringComparison.Ordinal);

        // Only the last one was written by the proxy that is trusted.
        Assert.Contains("HTTP/1.1 200 ", await ThroughAsync("172.17.72.46,10.4.5.6"), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 403 ", await ThroughAsync("10.4.5.6,172.17.72.46"), StringComparison.Ordinal);
    }

    private Task<string> ThroughAsync(string client) => plane.CurlAsync("http://shop.example.com/", "-H", "X-Forwarded-For: " + client);

    private Task UntilAsync(string url, string text, string client = "10.4.5.6") =>
        Eventually.TrueAsync(async () => (await plane.CurlAsync(url, "-H", "X-Forwarded-For: " + client)).Contains(text, StringComparison.Ordinal), what: $"{url} {client}: {text}");
}

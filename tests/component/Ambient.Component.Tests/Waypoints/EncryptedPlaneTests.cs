using System.Text;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>TLS to endpoints with a control plane that reads Secrets and ConfigMaps by their names.</summary>
public sealed class EncryptedPlaneTests
{
    private const string Request = "GET /a HTTP/1.1\r\nHost: pay.example.com\r\n\r\n";

    [RequiresToolFact("nft,node", root: true)]
    public async Task SecretsConfigMapsAndServiceEntries_ReachTheWaypoint_AndKeysReachNobodyElse()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        WebCertificates authority = new(mesh.Pair.Network.Directory);
        WebCertificates foreign = new(mesh.Pair.Network.Directory, "foreign");
        (string certificate, string key) = authority.Issue("pay.example.com");
        Peer server = mesh.Pair.Network.Start(new ProcessPlan("tlsserver", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "tlsserver.js"), "9001", certificate, key, authority.RootPath)
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "tlsserver.log"),
        });
        await server.LineAsync("LISTENING");

        // The Secret comes after the rule that names it: until then nothing is sent.
        mesh.Manifest("rule", Rule("cart", "pay"));
        await UntilBrokenAsync(mesh, "there is no Secret bench/pay");
        mesh.Manifest("secret", Secret(authority, authority.Issue("the-waypoint")));
        Assert.EndsWith("secure pay.example.com", await UntilAsync(mesh, "HTTP/1.1 200 OK"), StringComparison.Ordinal);
        Assert.Contains(" the-waypoint whole", server.Log, StringComparison.Ordinal);

        // Another authority is in force as soon as the Secret is another.
        mesh.Manifest("secret", Secret(foreign, authority.Issue("the-waypoint")));
        await UntilAsync(mesh, "CERTIFICATE_VERIFY_FAILED");
        mesh.Manifest("secret", Secret(authority, authority.Issue("renewed")));
        await UntilAsync(mesh, "HTTP/1.1 200 OK");
        Assert.Contains(" renewed ", server.Log, StringComparison.Ordinal);

        // A control plane that begins again takes nothing away, not for a moment: all Secrets are read before it tells anything.
        int before = mesh.Waypoint.Log.Split("is being read").Length;
        await mesh.Plane.DisposeAsync();
        await mesh.Waypoint.LineAsync("stream ended");
        mesh.Manifest("secret", Secret(authority, authority.Issue("after-restart")));
        mesh.StartPlane();
        await Eventually.TrueAsync(() =>
        {
            Assert.Contains("HTTP/1.1 200 OK", mesh.Ask(Request), StringComparison.Ordinal);
            return Task.FromResult(server.Log.Contains(" after-restart ", StringComparison.Ordinal));
        });
        Assert.Equal(before, mesh.Waypoint.Log.Split("is being read").Length);

        // Egress: port 80 of a host outside leads to its TLS port, with a certificate of its own.
        mesh.Manifest("outside", Secret(authority, authority.Issue("the-egress"), "outside"));
        mesh.Manifest("rule", $$"""
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: pay, namespace: bench}
            spec: {hosts: [pay.example.com], location: MESH_EXTERNAL, resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 9001}], endpoints: [{address: {{mesh.Pair.Server.Address}}}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: pay, namespace: bench}
            spec: {hosts: [cart], http: [{retries: {attempts: 0}, route: [{destination: {host: pay.example.com, port: {number: 80} } }] }] }
            ---
            {{Rule("pay.example.com", "outside")}}
            """);
        await Eventually.TrueAsync(() =>
        {
            mesh.Ask(Request);
            return Task.FromResult(server.Log.Contains(" the-egress ", StringComparison.Ordinal));
        });
        Assert.EndsWith("secure pay.example.com", await UntilAsync(mesh, "HTTP/1.1 200 OK"), StringComparison.Ordinal);

        // A policy of the Gateway API that cannot be honoured blocks; with its ConfigMap it speaks TLS, without a certificate of its own, which this server does not like.
        mesh.Manifest("rule", """
            apiVersion: gateway.networking.k8s.io/v1
            kind: BackendTLSPolicy
            metadata: {name: pay, namespace: bench}
            spec: {targetRefs: [{group: "", kind: Service, name: cart}], validation: {hostname: pay.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: roots}]}}
            """);
        await UntilBrokenAsync(mesh, "there is no ConfigMap bench/roots");
        mesh.Manifest("roots", $$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: roots, namespace: bench}
            data:
              ca.crt: |
                {{Encoding.ASCII.GetString(authority.Root).ReplaceLineEndings("\n    ")}}
            """);
        await Eventually.TrueAsync(() =>
        {
            mesh.Ask(Request);
            return Task.FromResult(server.Log.Contains("REFUSED ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", StringComparison.Ordinal));
        });
        Assert.All([mesh.Plane.Log, mesh.Waypoint.Log], log => Assert.DoesNotContain("PRIVATE KEY", log, StringComparison.Ordinal));
    }

    private static string Rule(string host, string credential) => $$"""
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: pay, namespace: bench}
        spec: {host: {{host}}, trafficPolicy: {tls: {mode: MUTUAL, credentialName: {{credential}}, sni: pay.example.com} } }
        """;

    private static string Secret(WebCertificates authority, (string Certificate, string Key) client, string name = "pay")
    {
        IEnumerable<string> data = authority.Secret(client).Select(value => $"{value.Key}: {Convert.ToBase64String(value.Value)}");
        return $$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: {{name}}, namespace: bench}
            type: kubernetes.io/tls
            data: { {{string.Join(", ", data)}} }
            """;
    }

    /// <summary>Clients hear that it cannot be done; what is missing is for the operator's eyes.</summary>
    private static async Task UntilBrokenAsync(PlaneMesh mesh, string reason)
    {
        Assert.DoesNotContain(reason, await UntilAsync(mesh, "TLS_error: settings cannot be used"), StringComparison.Ordinal);
        await Eventually.TrueAsync(() =>
        {
            mesh.Ask(Request);
            return Task.FromResult(mesh.Waypoint.Log.Contains(reason, StringComparison.Ordinal));
        });
    }

    private static async Task<string> UntilAsync(PlaneMesh mesh, string text)
    {
        string answer = "";
        await Eventually.TrueAsync(() =>
        {
            answer = mesh.Ask(Request);
            return Task.FromResult(answer.Contains(text, StringComparison.Ordinal));
        });
        return answer;
    }
}

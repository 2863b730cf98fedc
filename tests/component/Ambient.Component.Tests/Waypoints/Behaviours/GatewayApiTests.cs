using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>Tests of the Gateway API's suite that ask for several services behind one waypoint (waypoint reference 5.2, 5.4).</summary>
[Collection(SharedMesh.Collection)]
public sealed class GatewayApiTests(SharedMesh shared)
{
    /// <summary>MeshFrontendHostname: the address that was dialled is the service, whatever the Host says, also when it is that of another service.</summary>
    [RequiresToolFact("nft", root: true)]
    public async Task AddressAndNotHost_DecidesWhichServiceIsMeant()
    {
        using HttpBackend first = HttpBackend.Start(shared.Pair.Server, 9081, "v1");
        using HttpBackend second = HttpBackend.Start(shared.Pair.Server, 9082, "v2");
        await shared.ApplyAsync(
            "frontends",
            SharedMesh.Service("echo-v1", "10.96.5.1", "app: server", "{name: http, port: 80, targetPort: 9081, protocol: TCP}"),
            SharedMesh.Service("echo-v2", "10.96.5.2", "app: server", "{name: http, port: 80, targetPort: 9082, protocol: TCP}"),
            Route("HTTPRoute", "frontends", "echo-v2", "filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-Header-Set, value: v2}]}}], backendRefs: [{name: echo-v2, port: 80}]"));
        await shared.UntilAsync("10.96.5.1", 80, "x-request-id: ");
        foreach (string host in new[] { "echo-v1", "echo-v1.bench.svc.cluster.local", "echo-v1.bench:80", "echo-v2", "any" })
        {
            string request = $"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n";
            string marked = await shared.UntilAsync("10.96.5.2", 80, "\r\nx-header-set: v2\r\n", request);
            Assert.Contains("\r\nx-backend: v2\r\n", marked, StringComparison.Ordinal);
            string plain = shared.Ask("10.96.5.1", 80, request);
            Assert.Contains("\r\nx-backend: v1\r\n", plain, StringComparison.Ordinal);
            Assert.Contains("x-request-id: ", plain, StringComparison.Ordinal);
            Assert.DoesNotContain("x-header-set", plain, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>BackendRequestHeaderModifier with weights: the field always names the backend that answers.</summary>
    [RequiresToolFact("nft", root: true)]
    public async Task BackendsWithWeights_GetWhatIsWrittenForThem()
    {
        using HttpBackend first = HttpBackend.Start(shared.Pair.Server, 9083, "one");
        using HttpBackend second = HttpBackend.Start(shared.Pair.Server, 9084, "two");
        static string Backend(string name) => $$"""{name: {{name}}, port: 80, weight: 10, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Backend, value: {{name}} }]} }]}""";
        await shared.ApplyAsync(
            "weighted",
            SharedMesh.Service("weighted", "10.96.5.3", "app: server", "{name: http, port: 80, targetPort: 9083, protocol: TCP}"),
            SharedMesh.Service("one", "10.96.5.4", "app: server", "{name: http, port: 80, targetPort: 9083, protocol: TCP}"),
            SharedMesh.Service("two", "10.96.5.5", "app: server", "{name: http, port: 80, targetPort: 9084, protocol: TCP}"),
            Route("HTTPRoute", "weighted", "weighted", $"backendRefs: [{Backend("one")}, {Backend("two")}]"));
        await shared.UntilAsync("10.96.5.3", 80, "\r\nbackend: ");
        HashSet<string> seen = [];
        for (int i = 0; i < 40; i++)
        {
            string answer = shared.Ask("10.96.5.3", 80);
            string name = answer.Contains("x-backend: one", StringComparison.Ordinal) ? "one" : "two";
            Assert.Contains($"\r\nbackend: {name}\r\n", answer, StringComparison.OrdinalIgnoreCase);
            seen.Add(name);
        }

        Assert.Equal(2, seen.Count);
    }

    /// <summary>TLSRoute with a service as the parent: nobody ends TLS, and the name that the client asks for chooses.</summary>
    [RequiresToolFact("nft,curl", root: true)]
    public async Task ServerNames_ChooseTheBackend_AndTlsIsPassedThrough()
    {
        WebCertificates authority = new(shared.Pair.Network.Directory, "server-names");
        using TlsBackend itself = TlsBackend.Start(shared.Pair.Server, 9085, authority.Issue("itself.example.com"));
        using TlsBackend first = TlsBackend.Start(shared.Pair.Server, 9086, authority.Issue("a.example.com"));
        using TlsBackend second = TlsBackend.Start(shared.Pair.Server, 9087, authority.Issue("b.example.com"));
        await shared.ApplyAsync(
            "server-names",
            SharedMesh.Service("names", "10.96.5.6", "app: server", "{name: tls, port: 443, targetPort: 9085, protocol: TCP}"),
            SharedMesh.Service("names-a", "10.96.5.7", "app: server", "{name: tls, port: 443, targetPort: 9086, protocol: TCP}"),
            SharedMesh.Service("names-b", "10.96.5.8", "app: server", "{name: tls, port: 443, targetPort: 9087, protocol: TCP}"),
            Route("TLSRoute", "names-a", "names", "backendRefs: [{name: names-a, port: 443}]", "hostnames: [a.example.com], "),
            Route("TLSRoute", "names-b", "names", "backendRefs: [{name: names-b, port: 443}]", "hostnames: [b.example.com], "));

        // curl believes each endpoint under its own name alone.
        foreach (string host in new[] { "a.example.com", "b.example.com", "itself.example.com" })
        {
            await Eventually.PassesAsync(async () => Assert.Equal($"tls {host} http/1.1", await shared.CurlAsync("--http1.1", "--cacert", authority.RootPath, "--resolve", $"{host}:443:10.96.5.6", $"https://{host}/")));
        }
    }

    private static string Route(string kind, string name, string parent, string rule, string more = "") => $$"""
        apiVersion: gateway.networking.k8s.io/{{(kind == "TLSRoute" ? "v1alpha2" : "v1")}}
        kind: {{kind}}
        metadata: {name: {{name}}, namespace: bench}
        spec: { {{more}}parentRefs: [{group: "", kind: Service, name: {{parent}} }], rules: [{ {{rule}} }]}
        """;
}

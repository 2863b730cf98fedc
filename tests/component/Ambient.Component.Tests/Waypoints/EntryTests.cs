using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>ServiceEntries as operators write them: where they lead, who sees them, and TLS that begins at the waypoint.</summary>
[Collection(SharedPlaneCollection.Name)]
public sealed class EntryTests(SharedPlane plane)
{
    private const string Through = "{istio.io/use-waypoint: waypoint}";
    private const string Host = "pay.example.com";

    [RequiresToolFact("nft,dnsmasq", root: true)]
    [Trait("behaviour", "WP-209")]
    [Trait("behaviour", "WP-210")]
    [Trait("behaviour", "WP-211")]
    [Trait("behaviour", "WP-212")]
    public async Task TlsBeginsAtTheWaypoint_ByRuleAndByPolicy_AndPoliciesOfTheEntryHold()
    {
        await plane.BeginAsync();
        WebCertificates authority = new(plane.Mesh.Pair.Network.Directory, "pay");
        using TlsBackend tls = TlsBackend.Start(plane.Outside, 443, authority.Issue(Host));
        await using Nameserver names = new(plane.Mesh.Pair.Network, plane.Client.Node);
        await names.StartAsync((Host, plane.Outside.Address));
        plane.Manifest("roots", $$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: roots, namespace: bench}
            data: {ca.crt: {{Convert.ToBase64String(authority.Root)}}}
            """);
        plane.Manifest("entry", """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: pay, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
            spec:
              hosts: [pay.example.com]
              addresses: [10.96.7.9]
              location: MESH_EXTERNAL
              resolution: DNS
              ports: [{number: 8080, name: origination, protocol: HTTP, targetPort: 443}, {number: 80, name: http, protocol: HTTP}, {number: 443, name: https, protocol: HTTPS}]
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: pay, namespace: bench}
            spec:
              parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: pay, port: 80}]
              rules: [{backendRefs: [{group: networking.istio.io, kind: Hostname, name: pay.example.com, port: 443}]}]
            """);

        // Whoever dials an address that nobody knows yet waits for nothing.
        await UntilKnownAsync(Host, "10.96.7.9");

        // By a DestinationRule: on the port that leads to the TLS port, and through a route to it.
        plane.Manifest("tls", """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: pay, namespace: bench}
            spec: {host: pay.example.com, trafficPolicy: {portLevelSettings: [{port: {number: 8080}, tls: {mode: SIMPLE, credentialName: roots}}, {port: {number: 443}, tls: {mode: SIMPLE, credentialName: roots}}]}}
            """);
        await UntilAsync(8080, Secure);
        await UntilAsync(80, Secure);

        // The same by policies of the Gateway API; in between nothing is encrypted and nobody is answered.
        plane.NoManifest("tls");
        await UntilAsync(8080, " 503 ");
        plane.Manifest("tls", $$"""
            {{Policy("origination")}}
            ---
            {{Policy("https")}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: authorities, namespace: bench}
            data:
              ca.crt: |
                {{Encoding.ASCII.GetString(authority.Root).ReplaceLineEndings("\n    ")}}
            """);
        await UntilAsync(8080, Secure);
        await UntilAsync(80, Secure);

        plane.Manifest("access", """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: gets, namespace: bench}
            spec: {targetRefs: [{group: networking.istio.io, kind: ServiceEntry, name: pay}], action: ALLOW, rules: [{to: [{operation: {methods: [GET]}}]}]}
            """);
        IPEndPoint address = new(IPAddress.Parse("10.96.7.9"), 8080);
        string post = $"POST / HTTP/1.1\r\nHost: {Host}\r\nContent-Length: 0\r\n\r\n";
        await Eventually.TrueAsync(() => SharedPlane.Ask(plane.Client, address, post).EndsWith("RBAC: access denied", StringComparison.Ordinal));
        Assert.Contains(Secure, Ask(8080), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-217")]
    public async Task StaticEndpoints_AreReached_WithAndWithoutAWaypoint()
    {
        await plane.BeginAsync();
        string outside = plane.Outside.Address.ToString();
        plane.Manifest("entry", $$"""
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: machine, namespace: bench}
            spec: {labels: {app: machine}, address: {{outside}} }
            ---
            {{string.Join("\n---\n", Of("inline", 11, Through, $"endpoints: [{{address: {outside}}}]"), Of("inline-direct", 12, "{}", $"endpoints: [{{address: {outside}}}]"), Of("entries", 13, Through, "workloadSelector: {labels: {app: machine}}"), Of("entries-direct", 14, "{}", "workloadSelector: {labels: {app: machine}}"), Of("pods", 15, Through, "workloadSelector: {labels: {app: server}}", 9001), Of("pods-direct", 16, "{}", "workloadSelector: {labels: {app: server}}", 9001))}}
            """);
        foreach ((string name, int last, bool isThrough, string backend) in new[] { ("inline", 11, true, "outside"), ("inline-direct", 12, false, "outside"), ("entries", 13, true, "outside"), ("entries-direct", 14, false, "outside"), ("pods", 15, true, "v1"), ("pods-direct", 16, false, "v1") })
        {
            string answer = "";
            await UntilKnownAsync($"{name}.example.com", $"10.96.8.{last}");
            await Eventually.TrueAsync(() => (answer = AskAt(last)).Contains($"x-backend: {backend}\r\n", StringComparison.OrdinalIgnoreCase) && answer.Contains("x-request-id", StringComparison.Ordinal) == isThrough, what: $"10.96.8.{last}");
            Assert.Equal((last, isThrough), (last, SharedPlane.CameFrom(answer, plane.Primary)));
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-218")]
    public async Task AssignedAddress_IsWhatItsNameResolvesTo_AndLeadsThroughTheWaypoint()
    {
        await plane.BeginAsync();
        plane.Manifest("entry", $$"""
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: auto, namespace: bench, labels: {istio.io/use-waypoint: waypoint} }
            spec: {hosts: [auto.example.com], location: MESH_EXTERNAL, resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: {{plane.Outside.Address}} }]}
            status: {addresses: [{value: 240.240.0.77, host: auto.example.com}]}
            """);
        await UntilKnownAsync("auto.example.com", "240.240.0.77");
        string answer = "";
        await Eventually.TrueAsync(() => (answer = SharedPlane.Ask(plane.Client, new IPEndPoint(IPAddress.Parse("240.240.0.77"), 80), "GET / HTTP/1.1\r\nHost: auto.example.com\r\n\r\n")).Contains("x-request-id", StringComparison.Ordinal));
        Assert.Contains("x-backend: outside\r\n", answer, StringComparison.Ordinal);
        Assert.True(SharedPlane.CameFrom(answer, plane.Primary), answer);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task EntryThatIsNotVisible_IsNotThereForOtherNamespaces()
    {
        await plane.BeginAsync();
        string entry = Of("hidden", 17, "{}", $"endpoints: [{{address: {plane.Outside.Address}}}]");

        // The client is in bench.
        plane.Manifest("entry", entry.Replace("namespace: bench", "namespace: other", StringComparison.Ordinal));
        await UntilKnownAsync("hidden.example.com", "10.96.8.17");
        Assert.StartsWith("HTTP/1.1 200 ", AskAt(17), StringComparison.Ordinal);
        plane.MeshConfig(", serviceEntryVisibility: {defaultVisibility: NAMESPACE}");
        await Eventually.TrueAsync(() => Resolve("hidden.example.com") is null);
        Assert.DoesNotContain("HTTP/1.1 ", AskAt(17), StringComparison.Ordinal);
        plane.Manifest("entry", entry);
        await UntilKnownAsync("hidden.example.com", "10.96.8.17");
        Assert.StartsWith("HTTP/1.1 200 ", AskAt(17), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-1")]
    [Trait("behaviour", "WP-4")]
    [Trait("behaviour", "WP-5")]
    [Trait("behaviour", "WP-6")]
    [Trait("behaviour", "WP-220")]
    public async Task UnknownDestination_IsPassedByZtunnel_AndNeverByAWaypoint()
    {
        await plane.BeginAsync();
        IPEndPoint unknown = new(plane.Outside.Address, 8080);
        string answer = SharedPlane.Ask(plane.Client, unknown, "GET / HTTP/1.1\r\nHost: any\r\n\r\n");
        Assert.Contains("X-Backend: outside\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("x-request-id", answer, StringComparison.OrdinalIgnoreCase);

        // By hand, as a ztunnel would ask: its own service, then what it has nothing to do with. v1 is a service without a waypoint.
        string[] targets = [$"{MeshPair.Service}", $"{unknown}", "10.96.0.11:9000", "10.96.0.10:9999", $"{plane.Server.Address}:9001", $"{plane.Primary.Address}:15000", "127.0.0.1:15000", "[::1]:15000", "outside.example.com:8080"];
        ForeignIdentity identity = ForeignIdentity.IssueFrom(plane.Mesh.AuthorityPath, Path.Combine(plane.Mesh.Pair.Network.Directory, "by-hand"), "client");
        string[] said = (await plane.Mesh.Pair.Network.RunAsync(plane.Outside, "node", [Path.Combine(AppContext.BaseDirectory, "Waypoints", "hbone.js"), plane.Primary.Address.ToString(), identity.Directory, .. targets])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(targets.Length, said.Length);
        Assert.Equal($"{targets[0]} HTTP/1.1 200 OK", said[0]);
        Assert.All(said.Skip(1), static line => Assert.DoesNotContain("HTTP/1.1", line, StringComparison.Ordinal));
    }

    private const string Secure = "tls " + Host + " http/1.1";

    private static string Policy(string section) => $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: BackendTLSPolicy
        metadata: {name: pay-{{section}}, namespace: bench}
        spec: {targetRefs: [{group: networking.istio.io, kind: ServiceEntry, name: pay, sectionName: {{section}} }], validation: {hostname: pay.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: authorities}] } }
        """;

    private static string Of(string name, int address, string labels, string more, int target = 8080) => $$"""
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: {{name}}, namespace: bench, labels: {{labels}} }
        spec: {hosts: [{{name}}.example.com], addresses: [10.96.8.{{address}}], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: {{target}} }], {{more}} }
        """;

    private string AskAt(int last) => SharedPlane.Ask(plane.Client, new IPEndPoint(IPAddress.Parse($"10.96.8.{last}"), 80), "GET / HTTP/1.1\r\nHost: any\r\n\r\n");

    private string Ask(int port) => SharedPlane.Ask(plane.Client, new IPEndPoint(IPAddress.Parse("10.96.7.9"), port), $"GET / HTTP/1.1\r\nHost: {Host}\r\n\r\n");

    private Task UntilAsync(int port, string text) => Eventually.TrueAsync(() => Ask(port).Contains(text, StringComparison.Ordinal), what: $"{port}: {text}");

    private async Task UntilKnownAsync(string name, string address)
    {
        await Eventually.TrueAsync(() => Resolve(name) is not null, what: name);
        Assert.Equal(IPAddress.Parse(address), Resolve(name));
    }

    /// <summary>What the pod's ztunnel knows of a name; null: nothing.</summary>
    private IPAddress? Resolve(string name)
    {
        using Socket socket = plane.Client.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.ReceiveTimeout = 15_000;
        socket.Connect(new IPEndPoint(IPAddress.Loopback, 15053));
        List<byte> query = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (string label in name.Split('.'))
        {
            query.Add((byte)label.Length);
            query.AddRange(Encoding.ASCII.GetBytes(label));
        }

        socket.Send([.. query, 0, 0, 1, 0, 1]);
        byte[] answer = new byte[512];
        int length = socket.Receive(answer);
        return (answer[3] & 15) == 0 && answer[7] == 1 ? new IPAddress(answer.AsSpan(length - 4, 4)) : null;
    }
}

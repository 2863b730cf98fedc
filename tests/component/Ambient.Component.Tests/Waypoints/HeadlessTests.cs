using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Services without an address of their own: routes lead to any of their endpoints, and whoever dials a pod gets that pod. Control plane, ztunnels and waypoint are real.</summary>
public sealed class HeadlessTests
{
    private static readonly IPEndPoint Cart = new(IPAddress.Parse("10.96.0.10"), PlaneMesh.HttpPort);

    [RequiresToolFact("nft", root: true)]
    public async Task Routes_LeadToEndpointsOfEveryKindOfService()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        VirtualPod second = mesh.Pair.Client.Node.AddPod("db-1"), manual = mesh.Pair.Client.Node.AddPod("manual");
        await mesh.Pair.EnrolAsync(second);
        using HttpBackend zero = HttpBackend.Start(mesh.Pair.Server, 9001, "db-0"), one = HttpBackend.Start(second, 9001, "db-1");
        using HttpBackend four = HttpBackend.Start(manual, 7000, "four"), six = HttpBackend.Start(manual, new IPEndPoint(manual.AddressV6, 7000), "six");
        mesh.Manifest("headless", Pod("db-1", second.Address, "") + Headless("db", "selector: {app: server}, ", 9001)
            + Headless("four", "", 7000) + Slice("four", "IPv4", manual.Address) + Headless("six", "", 7000) + Slice("six", "IPv6", manual.AddressV6)
            + Headless("both", "selector: {app: server}, ", 9001) + Slice("both", "IPv4", manual.Address)
            + Route("db", "four", "six", "both"));

        // With a selector: both pods, by HBONE, whose ztunnels have seen the waypoint.
        await UntilAllAsync(mesh, "/db", "db-0", "db-1");

        // Slices that nobody's selector has made, in both families, and beside those of a selector.
        await UntilAllAsync(mesh, "/four", "four");
        await UntilAllAsync(mesh, "/six", "six");
        await UntilAllAsync(mesh, "/both", "db-0", "db-1", "four");
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-2")]
    public async Task WhoDialsAPodByItsName_GetsThatPod_ThroughItsWaypoint()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        VirtualPod second = mesh.Pair.Client.Node.AddPod("db-1");
        await mesh.Pair.EnrolAsync(second);
        using HttpBackend zero = HttpBackend.Start(mesh.Pair.Server, 9001, "db-0"), one = HttpBackend.Start(second, 9001, "db-1"), other = HttpBackend.Start(second, 9002, "metrics");
        const string Used = "istio.io/use-waypoint: waypoint, ";
        mesh.Manifest("mesh", mesh.Mesh()
            .Replace("labels: {app: server,", "labels: {" + Used + "app: server,", StringComparison.Ordinal)
            .Replace("metadata: {name: waypoint, namespace: bench}", "metadata: {name: waypoint, namespace: bench, labels: {istio.io/waypoint-for: all}}", StringComparison.Ordinal));
        mesh.Manifest("headless", Pod("db-1", second.Address, Used) + Headless("db", "selector: {app: server}, ", 9001));

        // Names of pods are answered by the cluster's DNS; what arrives is the pod's address, and the name in Host decides nothing.
        Dictionary<string, IPEndPoint> pods = new(StringComparer.Ordinal) { ["db-0"] = new(mesh.Pair.Server.Address, 9001), ["db-1"] = new(second.Address, 9001) };
        foreach ((string name, IPEndPoint pod) in pods)
        {
            await Eventually.TrueAsync(() => Ask(mesh, pod, "/", $"{name}.db.bench.svc.cluster.local").Contains("x-request-id: ", StringComparison.Ordinal));
            foreach (string host in new[] { $"{name}.db.bench.svc.cluster.local:9001", "db.bench.svc.cluster.local", "db-0.db", "db-1.db" })
            {
                for (int i = 0; i < 4; i++)
                {
                    string answer = Ask(mesh, pod, "/", host);
                    Assert.Contains($"x-backend: {name}\r\n", answer, StringComparison.Ordinal);
                    Assert.Contains("x-request-id: ", answer, StringComparison.Ordinal);
                }
            }
        }

        // Any port of theirs, whether the service has it or not; and services that have an address are what they were.
        Assert.Contains("x-backend: metrics\r\n", Ask(mesh, new IPEndPoint(second.Address, 9002), "/", "db-1.db"), StringComparison.Ordinal);
        Assert.Contains("x-request-id: ", Ask(mesh, Cart, "/", "cart"), StringComparison.Ordinal);

        // A pod that is gone is nobody, not another one of its service.
        mesh.Manifest("headless", Headless("db", "selector: {app: server}, ", 9001));
        await mesh.Pair.Network.RunAsync(mesh.Pair.Client, "true");
        await Eventually.TrueAsync(() => !Ask(mesh, pods["db-1"], "/", "db-1.db").Contains("x-request-id: ", StringComparison.Ordinal));
        Assert.DoesNotContain("x-backend: db-0", Ask(mesh, pods["db-1"], "/", "db-1.db"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task PolicyThatNeedsHttp_ClosesAHeadlessService_UntilItsPodsHaveTheWaypoint()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9005, "db-0");
        IPEndPoint pod = new(mesh.Pair.Server.Address, 9005);
        mesh.Manifest("headless", Headless("db", "selector: {app: server}, ", 9005).Replace("istio.io/use-waypoint: none", "istio.io/use-waypoint: waypoint", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Ask(mesh, pod, "/", "db").StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
        Assert.DoesNotContain("x-request-id: ", Ask(mesh, pod, "/", "db"), StringComparison.Ordinal);

        // Nobody could come through the waypoint, which alone knows what a PUT is.
        mesh.Manifest("policy", NoPuts("Service", "", "db"));
        await Eventually.TrueAsync(() => Ask(mesh, pod, "/", "db").Length == 0);

        // The one before may have been cut in the middle; this one is refused, which the log tells by name.
        Assert.Empty(Ask(mesh, pod, "/", "db"));
        await mesh.Pair.ServerProxy.LineAsync("ambient_require_waypoint_");

        // With the waypoint before its pods whoever dials them does.
        mesh.Manifest("policy", NoPuts("Service", "", "db") + "\n---\n" + NoPuts("Gateway", "gateway.networking.k8s.io", "waypoint"));
        mesh.Manifest("mesh", mesh.Mesh()
            .Replace("labels: {app: server,", "labels: {istio.io/use-waypoint: waypoint, app: server,", StringComparison.Ordinal)
            .Replace("metadata: {name: waypoint, namespace: bench}", "metadata: {name: waypoint, namespace: bench, labels: {istio.io/waypoint-for: all}}", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Ask(mesh, pod, "/", "db").Contains("x-request-id: ", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 200 ", Ask(mesh, pod, "/", "db"), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => Ask(mesh, pod, "/", "db", "PUT").StartsWith("HTTP/1.1 403 ", StringComparison.Ordinal));
    }

    private static async Task UntilAllAsync(PlaneMesh mesh, string path, params string[] wanted)
    {
        await Eventually.TrueAsync(() => wanted.Any(name => Ask(mesh, Cart, path, "cart").Contains($"x-backend: {name}\r\n", StringComparison.Ordinal)));
        HashSet<string> seen = new(StringComparer.Ordinal);
        await Eventually.TrueAsync(() =>
        {
            string answer = Ask(mesh, Cart, path, "cart");
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            Assert.Contains("x-request-id: ", answer, StringComparison.Ordinal);
            seen.UnionWith(wanted.Where(name => answer.Contains($"x-backend: {name}\r\n", StringComparison.Ordinal)));
            return seen.Count == wanted.Length;
        });
    }

    /// <summary>The answer; empty when the connection was refused or ended without one.</summary>
    private static string Ask(PlaneMesh mesh, IPEndPoint to, string path, string host, string method = "GET")
    {
        try
        {
            using Socket socket = MeshPair.Connect(mesh.Pair.Client, to);
            return WaypointMesh.Ask(socket, $"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{(method == "GET" ? "" : "Content-Length: 0\r\n")}\r\n");
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static string Pod(string name, IPAddress address, string labels) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: bench, uid: uid-{{{name}}}, labels: {{{{labels}}}app: server, istio.io/dataplane-mode: ambient}, annotations: {ambient.istio.io/redirection: enabled}}
        spec: {serviceAccountName: {{{name}}}, nodeName: node1, hostname: {{{name}}}, subdomain: db}
        status: {phase: Running, podIP: {{{address}}}, podIPs: [{ip: {{{address}}}}], conditions: [{type: Ready, status: "True"}]}
        ---

        """;

    private static string Headless(string name, string selector, int target) => $$$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}, namespace: bench, labels: {istio.io/use-waypoint: none}}
        spec: {clusterIP: None, clusterIPs: [None], {{{selector}}}ports: [{name: http, port: 8000, targetPort: {{{target}}}, protocol: TCP}]}
        ---

        """;

    private static string Slice(string service, string family, IPAddress address) => $$$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{{service}}}-1, namespace: bench, labels: {kubernetes.io/service-name: {{{service}}}}}
        addressType: {{{family}}}
        endpoints: [{addresses: ["{{{address}}}"], conditions: {ready: true}}]
        ports: [{name: http, port: 7000, protocol: TCP}]
        ---

        """;

    private static string NoPuts(string kind, string group, string name) => $$$"""
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: no-puts-{{{name}}}, namespace: bench}
        spec: {targetRefs: [{kind: {{{kind}}}, group: "{{{group}}}", name: {{{name}}}}], action: DENY, rules: [{to: [{operation: {methods: [PUT]}}]}]}
        """;

    private static string Route(params string[] services) => $$$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: cart, namespace: bench}
        spec:
          parentRefs: [{group: "", kind: Service, name: cart}]
          rules:
        {{{string.Join('\n', services.Select(static service => $"  - {{matches: [{{path: {{type: PathPrefix, value: /{service}}}}}], backendRefs: [{{name: {service}, port: 8000}}]}}"))}}}
        ---

        """;
}

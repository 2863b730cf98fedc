using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Telemetry objects and the mesh's settings, as they show where metrics are read and requests arrive.</summary>
[Collection(SharedPlaneCollection.Name)]
public sealed class TelemetryTests(SharedPlane plane)
{
    private const string Requests = "istio_requests_total{";

    private const string Services = """
        apiVersion: v1
        kind: Service
        metadata: {name: quiet, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
        spec: {clusterIP: 10.96.0.70, clusterIPs: [10.96.0.70], selector: {app: server}, ports: [{name: http, port: 9000, targetPort: 9002, protocol: TCP}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: tagged, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
        spec: {clusterIP: 10.96.0.71, clusterIPs: [10.96.0.71], selector: {app: server}, ports: [{name: http, port: 9000, targetPort: 9002, protocol: TCP}]}
        ---
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: quiet, namespace: bench}
        spec:
          targetRefs: [{group: "", kind: Service, name: quiet}]
          metrics: [{providers: [{name: prometheus}], overrides: [{disabled: true}]}]
        ---
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: tagged, namespace: bench}
        spec:
          targetRefs: [{group: "", kind: Service, name: tagged}]
          metrics: [{providers: [{name: prometheus}], overrides: [{match: {metric: REQUEST_COUNT}, tagOverrides: {custom_dimension: {value: "'test'"}}}]}]
        """;

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-223")]
    [Trait("behaviour", "WP-225")]
    [Trait("behaviour", "WP-230")]
    public async Task Overrides_AreForOneServiceAlone_AndZtunnelCountsTheConnectionsBesides()
    {
        await plane.BeginAsync();
        plane.Manifest("telemetry", Services);

        // Once the one is tagged the other is quiet, too: they come in one message.
        string? tagged = null;
        await Eventually.TrueAsync(async () =>
        {
            Ask("10.96.0.71");
            tagged = (await LinesAsync()).SingleOrDefault(static line => line.StartsWith(Requests, StringComparison.Ordinal) && line.Contains("custom_dimension=\"test\"", StringComparison.Ordinal));
            return tagged is not null;
        });
        await Eventually.TrueAsync(() => Ask("10.96.0.70").Contains("x-request-id", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 200 ", plane.Ask(SharedPlane.Get), StringComparison.Ordinal);

        // What is counted after the quiet one's request says that this was not.
        Assert.Contains("x-request-id", Ask("10.96.0.71"), StringComparison.Ordinal);
        string[] lines = await LinesAsync();
        Assert.Contains("destination_service_name=\"tagged\"", tagged!, StringComparison.Ordinal);
        Assert.Contains(lines, static line => line.StartsWith(Requests, StringComparison.Ordinal) && line.Contains("destination_service_name=\"cart\"", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("istio_request_bytes_count{", StringComparison.Ordinal) && line.Contains("destination_service_name=\"tagged\"", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, static line => line.Contains("destination_service_name=\"quiet\"", StringComparison.Ordinal));

        // The same connections, as bytes: from the client to the waypoint, and from the waypoint to the server.
        await Eventually.TrueAsync(async () =>
        {
            string[] opened = [.. (await MeshPair.GetOnNodeAsync(plane.Client.Node, 15020, "/stats/prometheus")).Split('\n').Where(static line => line.StartsWith("istio_tcp_connections_opened_total{", StringComparison.Ordinal))];
            return opened.Any(static line => line.Contains("reporter=\"source\"", StringComparison.Ordinal) && line.Contains("source_workload=\"client\"", StringComparison.Ordinal))
                && opened.Any(static line => line.Contains("reporter=\"destination\"", StringComparison.Ordinal) && line.Contains("source_principal=\"spiffe://cluster.local/ns/bench/sa/waypoint\"", StringComparison.Ordinal) && line.Contains("destination_workload=\"server\"", StringComparison.Ordinal));
        });
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-231")]
    public async Task SamplingThatIsNone_IsOnePercent()
    {
        await plane.BeginAsync();
        plane.Manifest("telemetry", """
            apiVersion: telemetry.istio.io/v1
            kind: Telemetry
            metadata: {name: traced, namespace: bench}
            spec: {targetRefs: [{group: "", kind: Service, name: cart}], tracing: [{providers: [{name: otel}]}]}
            """);
        foreach ((int sampling, int least, int most) in new[] { (100, 100, 100), (200, 0, 12) })
        {
            plane.MeshConfig($", defaultConfig: {{tracing: {{sampling: {sampling}}}}}, extensionProviders: [{{name: otel, opentelemetry: {{service: 127.0.0.1, port: 4317}}}}]");
            int sampled = -1;
            await Eventually.TrueAsync(() => (sampled = Sampled(100)) >= least && sampled <= most, what: $"{sampling}");
        }
    }

    /// <summary>How many of so many requests arrive with a trace that is being recorded; -1: not all are traced.</summary>
    private int Sampled(int requests)
    {
        using Socket socket = MeshPair.Connect(plane.Client, new IPEndPoint(MeshPair.Service.Address, PlaneMesh.HttpPort));
        string[] traces = [.. Enumerable.Range(0, requests).Select(_ => WaypointMesh.Ask(socket, SharedPlane.Get)).SelectMany(static answer => answer.Split("\r\n")).Where(static line => line.StartsWith("traceparent: ", StringComparison.Ordinal))];
        return traces.Length == requests ? traces.Count(static trace => trace.EndsWith("-01", StringComparison.Ordinal)) : -1;
    }

    private string Ask(string address) => SharedPlane.Ask(plane.Client, new IPEndPoint(IPAddress.Parse(address), 9000), SharedPlane.Get);

    private async Task<string[]> LinesAsync() => (await plane.Mesh.Pair.GetAsync(plane.Primary, 15020, "/stats/prometheus")).Split('\n');
}

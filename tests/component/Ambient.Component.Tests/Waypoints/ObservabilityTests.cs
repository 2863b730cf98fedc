using System.Net.Sockets;
using System.Text.Json;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Protocol.OpenTelemetry;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Logs and traces of a real waypoint, taken by a collector of another make.</summary>
public sealed class ObservabilityTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = "b7ad6b7169203331";

    private const string Mesh = """
        {"trustDomain": "td", "extensionProviders": [
          {"name": "otel", "opentelemetry": {"service": "127.0.0.1", "port": 4317}},
          {"name": "otel-http", "opentelemetry": {"service": "127.0.0.1", "port": 4318, "http": {"path": "/v1/traces"}}},
          {"name": "zip", "zipkin": {"service": "127.0.0.1", "port": 4318}},
          {"name": "otel-logs", "envoyOtelAls": {"service": "127.0.0.1", "port": 4317, "logFormat": {"text": "%REQ(:METHOD)% %RESPONSE_CODE%", "labels": {"backend": "%RESP(X-Backend)%", "who": "%DOWNSTREAM_PEER_URI_SAN%"}}}},
          {"name": "json", "envoyFileAccessLog": {"path": "/dev/stdout", "logFormat": {"labels": {"marker": "json-line", "code": "%RESPONSE_CODE%", "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "none": "%REQ(none)%", "backend": "%RESP(x-backend)%"}}}}
        ]}
        """;

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-227")]
    [Trait("behaviour", "WP-228")]
    [Trait("behaviour", "WP-229")]
    public async Task SpansAndRecords_ArriveAtACollector_AndTheTraceGoesOn()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("MeshConfig", Mesh), ("Telemetry", """
            {"targetRefs": [{"group": "", "kind": "Service", "name": "cart"}],
             "accessLogging": [{"providers": [{"name": "json"}], "filter": {"expression": "response.code >= 400"}}, {"providers": [{"name": "otel-logs"}]}],
             "tracing": [{"providers": [{"name": "otel"}], "randomSamplingPercentage": 100,
               "customTags": {"from-header": {"header": {"name": "X-Tag", "defaultValue": "none"}}, "from-environment": {"environment": {"name": "NO_SUCH", "defaultValue": "fallback"}}, "code": {"formatter": {"value": "c%RESPONSE_CODE%"}}}}]}
            """), ("VirtualService", """{"hosts": ["cart"], "http": [{"match": [{"uri": {"exact": "/bad"}}], "directResponse": {"status": 418}}, {"match": [{"uri": {"prefix": "/api"}}], "rewrite": {"uri": "/"}, "route": [{"destination": {"host": "v1"}}]}, {"route": [{"destination": {"host": "v1"}}]}]}"""));
        await using OtlpCollector collector = await OtlpCollector.StartAsync(mesh.Pair.Stranger, 4317, isHttp2: true);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);

        string answer = WaypointMesh.Ask(socket, $"GET /api/x HTTP/1.1\r\nHost: cart\r\nX-Tag: mine\r\ntraceparent: 00-{Trace}-{Parent}-01\r\ntracestate: a=b\r\nb3: {Trace}-{Parent}-1\r\n\r\n");
        Span span = await collector.SpanAsync(span => span.Name == "v1.bench.svc.cluster.local:9000/api*");
        Assert.Equal((Trace, Parent, SpanKind.Server, "a=b"), (Convert.ToHexStringLower(span.TraceId.Span), Convert.ToHexStringLower(span.ParentSpanId.Span), span.Kind, span.TraceState));
        string own = Convert.ToHexStringLower(span.SpanId.Span);
        Assert.Contains($"traceparent: 00-{Trace}-{own}-01\r\n", answer, StringComparison.Ordinal);
        Assert.Contains($"b3: {Trace}-{own}-1-{Parent}\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("tracestate: a=b\r\n", answer, StringComparison.Ordinal);
        Dictionary<string, string> tags = span.Attributes.ToDictionary(tag => tag.Key, tag => tag.Value.StringValue);
        foreach ((string name, string value) in new[]
        {
            ("component", "proxy"), ("http.method", "GET"), ("http.url", "http://cart/api/x"), ("http.status_code", "200"), ("http.protocol", "HTTP/1.1"), ("response_flags", "-"), ("downstream_cluster", "-"),
            ("from-header", "mine"), ("from-environment", "fallback"), ("code", "c200"), ("istio.canonical_service", "waypoint"), ("istio.namespace", "bench"), ("istio.mesh_id", "td"),
            ("istio.source_workload", "client"), ("istio.destination_workload", "server"), ("istio.destination_canonical_revision", "v1"), ("peer.address", mesh.Pair.Client.Address.ToString()),
        })
        {
            Assert.Equal((name, value), (name, tags.GetValueOrDefault(name)));
        }

        Assert.True(span.EndTimeUnixNano >= span.StartTimeUnixNano && span.Status is null);
        Assert.Equal("waypoint.bench", collector.Resources.First());

        // Nobody decided, so chance does; an answer of the waypoint's own is a span as well.
        WaypointMesh.Ask(socket, "GET /bad HTTP/1.1\r\nHost: cart\r\n\r\n");
        Span fresh = await collector.SpanAsync(span => span.Name.EndsWith(":9000/bad", StringComparison.Ordinal));
        Assert.Empty(fresh.ParentSpanId);

        // Who says no is not traced, and whoever comes next is told so.
        string silent = WaypointMesh.Ask(socket, "GET /silent HTTP/1.1\r\nHost: cart\r\ntraceparent: 00-11111111111111111111111111111111-2222222222222222-00\r\n\r\n");
        Assert.Contains("traceparent: 00-11111111111111111111111111111111-", silent, StringComparison.Ordinal);
        Assert.Matches("traceparent: 00-1{32}-[0-9a-f]{16}-00", silent);
        Assert.DoesNotContain("2222222222222222", silent, StringComparison.Ordinal);

        string line = await mesh.Waypoint.LineAsync("json-line");
        using JsonDocument json = JsonDocument.Parse(line[line.IndexOf('{', StringComparison.Ordinal)..]);
        Assert.Equal((418, "/bad", JsonValueKind.Null, JsonValueKind.Null), (json.RootElement.GetProperty("code").GetInt32(), json.RootElement.GetProperty("path").GetString(), json.RootElement.GetProperty("none").ValueKind, json.RootElement.GetProperty("backend").ValueKind));

        await Eventually.TrueAsync(() => Task.FromResult(collector.Logs.Count >= 3));
        LogRecord record = collector.Logs.First(log => log.Body.StringValue == "GET 200");
        Assert.Equal(["backend=v1", "who=spiffe://cluster.local/ns/bench/sa/client"], record.Attributes.Select(label => $"{label.Key}={label.Value.StringValue}").Order(StringComparer.Ordinal));
        Assert.Equal(Trace, Convert.ToHexStringLower(record.TraceId.Span));
        Assert.DoesNotContain("\"code\":200", mesh.Waypoint.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(collector.Spans, other => Convert.ToHexStringLower(other.TraceId.Span).StartsWith("1111", StringComparison.Ordinal));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task CollectorsThatAreAway_CostNoRequest_AndAnotherFormIsTaken()
    {
        static (string, string) Telemetry(string provider) => ("Telemetry", $$"""{"tracing": [{"providers": [{"name": "{{provider}}"}], "randomSamplingPercentage": 100}]}""");
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([], ("MeshConfig", Mesh), Telemetry("otel"));
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);

        // Nobody listens there at first.
        Assert.StartsWith("HTTP/1.1 200 ", WaypointMesh.Ask(socket, "GET /early HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        await mesh.Waypoint.LineAsync("a collector does not take what it is sent");
        await using (OtlpCollector late = await OtlpCollector.StartAsync(mesh.Pair.Stranger, 4317, isHttp2: true))
        {
            Span span = await late.SpanAsync(span => span.Attributes.Any(tag => tag.Value.StringValue == "http://cart/early"));
            Assert.Equal("cart.bench.svc.cluster.local:9000/*", span.Name);
        }

        // The same collector over POSTs, then Zipkin's form with B3; tunnels that are open follow the configuration.
        await using OtlpCollector posts = await OtlpCollector.StartAsync(mesh.Pair.Stranger, 4318, isHttp2: false);
        mesh.Configure([], ("MeshConfig", Mesh), Telemetry("otel-http"));
        await Eventually.TrueAsync(() =>
        {
            WaypointMesh.Ask(socket, "GET /post HTTP/1.1\r\nHost: cart\r\n\r\n");
            return Task.FromResult(!posts.Spans.IsEmpty);
        });
        mesh.Configure([], ("MeshConfig", Mesh), Telemetry("zip"));
        string seen = "";
        await Eventually.TrueAsync(() =>
        {
            seen = WaypointMesh.Ask(socket, $"GET /zip HTTP/1.1\r\nHost: cart\r\nx-b3-traceid: {Trace}\r\nx-b3-spanid: {Parent}\r\nx-b3-sampled: 1\r\n\r\n");
            return Task.FromResult(!posts.Zipkin.IsEmpty);
        });
        Assert.Contains($"x-b3-parentspanid: {Parent}\r\n", seen, StringComparison.Ordinal);
        Assert.True(posts.Zipkin.TryPeek(out string? text));
        using JsonDocument json = JsonDocument.Parse(text);
        JsonElement first = json.RootElement[0];
        Assert.Equal((Trace, Parent, "SERVER", "waypoint.bench"), (first.GetProperty("traceId").GetString(), first.GetProperty("parentId").GetString(), first.GetProperty("kind").GetString(), first.GetProperty("localEndpoint").GetProperty("serviceName").GetString()));
        Assert.Equal("200", first.GetProperty("tags").GetProperty("http.status_code").GetString());
    }
}

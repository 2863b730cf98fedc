using System.Buffers;
using System.Text;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Plans;

namespace Ambient.Waypoint.Tests.Observation;

public sealed class RequestMetricsTests
{
    private static readonly SpiffeId Caller = new("cluster.local", "shop", "front");
    private static readonly Workload Source = new(new WorkloadSpec { Uid = "c//Pod/shop/front-1", Name = "front-1", Namespace = "shop", ServiceAccount = "front", WorkloadName = "front", CanonicalName = "captured", CanonicalRevision = "v1", ClusterId = "c1" });
    private static readonly Workload Endpoint = new(new WorkloadSpec { Uid = "c//Pod/apps/reviews-1", Name = "reviews-1", Namespace = "apps", TrustDomain = "cluster.local", ServiceAccount = "reviews", WorkloadName = "reviews-v2", CanonicalName = "reviews", CanonicalRevision = "v2", ClusterId = "c2" });
    private static readonly NamespacedHostname Service = new("apps", "reviews.apps.svc.cluster.local");

    private readonly MetricRegistry _registry = new();

    [Fact]
    [Trait("behaviour", "WP-222")]
    [Trait("behaviour", "WP-224")]
    public void Request_HasEveryLabel_InUpstreamsOrder()
    {
        RequestMetrics metrics = new(_registry);
        RequestSeries series = metrics.SeriesOf(0, new RequestKind(Source, Caller, Endpoint, Service, 200, "", ResponseFlags.None, IsGrpc: false, MetricPlan.Standard, ""));
        series.Requests!.Increment();
        Assert.Contains(
            "istio_requests_total{reporter=\"waypoint\",source_workload=\"front\",source_canonical_service=\"captured\",source_canonical_revision=\"v1\",source_workload_namespace=\"shop\","
            + "source_principal=\"spiffe://cluster.local/ns/shop/sa/front\",source_app=\"captured\",source_version=\"v1\",source_cluster=\"c1\",destination_workload=\"reviews-v2\","
            + "destination_workload_namespace=\"apps\",destination_principal=\"spiffe://cluster.local/ns/apps/sa/reviews\",destination_app=\"reviews\",destination_version=\"v2\","
            + "destination_service=\"reviews.apps.svc.cluster.local\",destination_canonical_service=\"reviews\",destination_canonical_revision=\"v2\",destination_service_name=\"reviews\","
            + "destination_service_namespace=\"apps\",destination_cluster=\"c2\",request_protocol=\"http\",response_code=\"200\",grpc_response_status=\"\",response_flags=\"-\","
            + "connection_security_policy=\"mutual_tls\"} 1\n",
            Text(),
            StringComparison.Ordinal);
    }

    /// <summary>Istio's gateways are clients of what they lead to.</summary>
    [Fact]
    public void Gateway_ReportsAsASource()
    {
        RequestMetrics metrics = new(_registry);
        RequestKind kind = new(Source, Caller, Endpoint, Service, 200, "", ResponseFlags.None, IsGrpc: false, MetricPlan.Standard, "") { IsEdge = true };
        metrics.SeriesOf(0, kind).Requests!.Increment();
        metrics.SeriesOf(0, kind with { Endpoint = null, Service = null }).Requests!.Increment();
        string[] lines = [.. Text().Split('\n').Where(static line => line.StartsWith("istio_requests_total{", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.All(lines, static line => Assert.Contains("{reporter=\"source\",source_workload=\"front\",", line, StringComparison.Ordinal));
        Assert.All(lines, static line => Assert.Contains("connection_security_policy=\"unknown\"", line, StringComparison.Ordinal));

        // Without a tunnel to the endpoint nobody proves anything to it.
        Assert.All(lines, static line => Assert.Contains("source_principal=\"unknown\"", line, StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("destination_canonical_revision=\"latest\"", StringComparison.Ordinal) && line.Contains("destination_service=\"unknown\"", StringComparison.Ordinal));
        Assert.False(kind.Equals(kind with { IsEdge = false }));
    }

    [Fact]
    public void NobodyKnown_IsUnknown_WithItsTwoFallbacks()
    {
        RequestMetrics metrics = new(_registry);
        metrics.SeriesOf(0, new RequestKind(null, null, null, null, 404, "", ResponseFlags.NoRoute, IsGrpc: false, MetricPlan.Standard, "")).Requests!.Increment();
        string line = Text().Split('\n').Single(candidate => candidate.StartsWith("istio_requests_total{", StringComparison.Ordinal));
        Assert.Contains("source_canonical_revision=\"latest\"", line, StringComparison.Ordinal);
        Assert.Contains("destination_canonical_revision=\"unknown\"", line, StringComparison.Ordinal);
        Assert.Contains("destination_service=\"unknown\"", line, StringComparison.Ordinal);
        Assert.Contains("destination_service_name=\"unknown\"", line, StringComparison.Ordinal);
        Assert.Contains("response_code=\"404\",grpc_response_status=\"\",response_flags=\"NR\",connection_security_policy=\"none\"", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "WP-226")]
    public void Grpc_HasItsStatus_AndMessagesHaveThePeersAlone()
    {
        RequestMetrics metrics = new(_registry);
        RequestKind kind = new(Source, Caller, Endpoint, Service, 200, "0", ResponseFlags.None, IsGrpc: true, MetricPlan.Standard, "");
        metrics.SeriesOf(0, kind).Requests!.Increment();
        metrics.MessagesOf(0, kind.Peers()).Responses!.Add(3);
        Assert.Contains("request_protocol=\"grpc\",response_code=\"200\",grpc_response_status=\"0\"", Text(), StringComparison.Ordinal);
        string line = Text().Split('\n').Single(candidate => candidate.StartsWith("istio_response_messages_total{", StringComparison.Ordinal));
        Assert.EndsWith("destination_cluster=\"c2\"} 3", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("16", "16")]
    [InlineData("17", "-1")]
    [InlineData("-2", "-1")]
    [InlineData("", "-1")]
    [InlineData("0\"} evil", "-1")]
    public void GrpcStatus_IsANumberWhateverABackendSends(string sent, string label) => Assert.Equal(label, PeerLabels.GrpcStatus(sent));

    [Fact]
    public void CellsOfOneLoop_AreTheSame_AndLoopsAreSummed()
    {
        RequestMetrics metrics = new(_registry);
        RequestKind kind = new(Source, Caller, Endpoint, Service, 200, "", ResponseFlags.None, IsGrpc: false, MetricPlan.Standard, "");
        Assert.Same(metrics.SeriesOf(1, kind).Duration, metrics.SeriesOf(1, kind).Duration);
        metrics.SeriesOf(0, kind).Duration!.Observe(3);
        metrics.SeriesOf(1, kind).Duration!.Observe(700);
        string text = Text();
        Assert.Contains("istio_request_duration_milliseconds_sum{", text, StringComparison.Ordinal);
        Assert.Contains(text.Split('\n'), line => line.StartsWith("istio_request_duration_milliseconds_sum", StringComparison.Ordinal) && line.EndsWith("} 703.0", StringComparison.Ordinal));
        Assert.Contains(text.Split('\n'), line => line.StartsWith("istio_request_duration_milliseconds_bucket{le=\"500.0\"", StringComparison.Ordinal) && line.EndsWith("} 1", StringComparison.Ordinal));
        Assert.Contains(text.Split('\n'), line => line.StartsWith("istio_request_duration_milliseconds_bucket{le=\"+Inf\"", StringComparison.Ordinal) && line.EndsWith("} 2", StringComparison.Ordinal));
    }

    [Fact]
    public void TooManySeries_AreCountedTogether_AndItIsSaid()
    {
        RequestMetrics metrics = new(_registry, seriesLimit: 10);
        for (int i = 0; i < 500; i++)
        {
            RequestKind kind = new(Source, new SpiffeId("cluster.local", "n", $"a{i}"), Endpoint, Service, 200, "", ResponseFlags.None, IsGrpc: i % 2 == 0, MetricPlan.Standard, "");
            metrics.SeriesOf(0, kind).Requests!.Increment();
            metrics.MessagesOf(0, kind.Peers()).Requests!.Increment();
            metrics.ConnectionsOf(0, kind).Opened!.Increment();
        }

        string[] lines = Text().Split('\n');
        foreach (string family in new[] { "istio_requests_total{", "istio_request_messages_total{", "istio_tcp_connections_opened_total{" })
        {
            string[] samples = [.. lines.Where(line => line.StartsWith(family, StringComparison.Ordinal))];
            Assert.InRange(samples.Length, 11, 14);
            Assert.Equal(500, samples.Sum(line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), provider: null)));
        }

        string refused = lines.Single(line => line.StartsWith("ambient_waypoint_metric_series_refused_total ", StringComparison.Ordinal));
        Assert.True(long.Parse(refused.AsSpan(refused.LastIndexOf(' ') + 1), provider: null) >= 490, refused);
    }

    [Fact]
    [Trait("behaviour", "WP-223")]
    [Trait("behaviour", "WP-230")]
    public void Overrides_AddRemoveAndDisable()
    {
        List<string> problems = [];
        MetricPlan plan = MetricPlan.Compile(
        [
            new MetricOverride { Metric = "istio_requests_total", Tags = { new TagOverride { Name = "custom_dimension", Value = "'test'" }, new TagOverride { Name = "path", Value = "request.url_path" }, new TagOverride { Name = "response_flags", Remove = true } } },
            new MetricOverride { Tags = { new TagOverride { Name = "source_app", Value = "'mine'" }, new TagOverride { Name = "bad", Value = "nonsense" } } },
            new MetricOverride { Metric = "istio_request_bytes", Disabled = true },
            new MetricOverride { Metric = "istio_response_bytes", Disabled = true },
            new MetricOverride { Metric = "istio_response_bytes", Disabled = false },
        ],
            problems.Add);
        RequestKind kind = new(Source, Caller, Endpoint, Service, 200, "", ResponseFlags.None, IsGrpc: false, plan, "/a" + RequestKind.Separator);
        RequestMetrics metrics = new(_registry);
        RequestSeries series = metrics.SeriesOf(0, kind);
        Assert.Null(series.RequestBytes);
        Assert.NotNull(series.ResponseBytes);
        series.Requests!.Increment();
        series.Duration!.Observe(1);
        string[] lines = Text().Split('\n');
        string requests = lines.Single(line => line.StartsWith("istio_requests_total{", StringComparison.Ordinal));
        Assert.Contains("source_app=\"mine\"", requests, StringComparison.Ordinal);
        Assert.EndsWith("connection_security_policy=\"mutual_tls\",custom_dimension=\"test\",path=\"/a\"} 1", requests, StringComparison.Ordinal);
        Assert.DoesNotContain("response_flags", requests, StringComparison.Ordinal);
        string duration = lines.Single(line => line.StartsWith("istio_request_duration_milliseconds_count{", StringComparison.Ordinal));
        Assert.Contains("response_flags=\"-\"", duration, StringComparison.Ordinal);
        Assert.DoesNotContain("custom_dimension", duration, StringComparison.Ordinal);
        Assert.Contains(problems, problem => problem.Contains("nonsense", StringComparison.Ordinal));
    }

    [Fact]
    public void TheSameOverrides_AreTheSamePlan_AndAllDisabledIsOff()
    {
        MetricOverride[] all = [new MetricOverride { Disabled = true }];
        Assert.Equal(MetricPlan.Compile(all, _ => { }), MetricPlan.Compile(all, _ => { }));
        Assert.True(MetricPlan.Compile(all, _ => { }).IsOff);
        Assert.Same(MetricPlan.Standard, MetricPlan.Compile([], _ => { }));
        Assert.NotEqual(MetricPlan.Standard, MetricPlan.Compile(all, _ => { }));
    }

    private string Text()
    {
        ArrayBufferWriter<byte> output = new();
        _registry.WriteTo(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

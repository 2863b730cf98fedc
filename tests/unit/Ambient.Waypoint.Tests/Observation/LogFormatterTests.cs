using Ambient.Routing.Formats;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Observation.Logs;

namespace Ambient.Waypoint.Tests.Observation;

public sealed class LogFormatterTests
{
    [Fact]
    [Trait("behaviour", "WP-229")]
    public async Task TheUsualLine_IsEnvoys()
    {
        await using ObservedTunnel tunnel = new();
        Assert.Equal(
            "[2026-03-04T05:06:07.089Z] \"GET /reviews/0?a=b HTTP/1.1\" 200 - via_upstream - \"-\" 10 200 12 3 \"-\" \"curl ?7?\" \"12345678-0000-4000-8000-000000000000\" \"reviews:9080\" \"10.0.0.9:9080\" "
            + "inbound-vip|9080|http/|reviews.apps.svc.cluster.local - 10.96.0.1:9080 10.0.0.7:41000 - default\n",
            tunnel.Line(Text(LogTemplate.UsualText), tunnel.Answered()));
    }

    [Fact]
    public async Task Json_HasNumbers_AndNullForWhatIsMissing()
    {
        await using ObservedTunnel tunnel = new();
        LogFormatter json = new(LogTemplate.UsualFields.Select(field => (field.Name, Template(field.Value))));
        RequestRecord record = tunnel.Answered(503);
        record.Flags = ResponseFlags.UpstreamFailure | ResponseFlags.RetriesExceeded;
        record.UpstreamTime = -1;
        Assert.Equal(
            """
            {"start_time":"2026-03-04T05:06:07.089Z","method":"GET","path":"/reviews/0?a=b","protocol":"HTTP/1.1","response_code":503,"response_flags":"UF,URX","response_code_details":"via_upstream",
            "connection_termination_details":null,"upstream_transport_failure_reason":null,"bytes_received":10,"bytes_sent":200,"duration":12,"upstream_service_time":null,"x_forwarded_for":null,
            "user_agent":"curl \"7\"","request_id":"12345678-0000-4000-8000-000000000000","authority":"reviews:9080","upstream_host":"10.0.0.9:9080","upstream_cluster":"inbound-vip|9080|http/|reviews.apps.svc.cluster.local",
            "upstream_local_address":null,"downstream_local_address":"10.96.0.1:9080","downstream_remote_address":"10.0.0.7:41000","requested_server_name":null,"route_name":"default"}
            """.Replace("\n", "", StringComparison.Ordinal) + "\n",
            tunnel.Line(json, record));
    }

    [Theory]
    [InlineData("%REQ(User-Agent):4%|%REQ(none?:METHOD)%|%REQ(none)%", "curl|GET|-")]
    [InlineData("%PATH(NQ)%|%RESPONSE_TX_DURATION%|%RESPONSE_DURATION%", "/reviews/0|9|3")]
    [InlineData("%DOWNSTREAM_PEER_URI_SAN%|%UPSTREAM_PEER_URI_SAN%|%DOWNSTREAM_LOCAL_URI_SAN%", "spiffe://cluster.local/ns/shop/sa/front|spiffe://cluster.local/ns/apps/sa/reviews|spiffe://cluster.local/ns/apps/sa/waypoint")]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%DOWNSTREAM_REMOTE_PORT%|%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%|%DOWNSTREAM_LOCAL_PORT%", "10.0.0.7|41000|10.96.0.1|9080")]
    [InlineData("%START_TIME(%Y)%|%TRACE_ID%|%GRPC_STATUS%|%GRPC_STATUS_NUMBER%", "2026|-|-|-")]
    [InlineData("%CEL(request.method + string(response.code))%|%CEL(request.headers['none'])%|%CEL(upstream_peer.workload)%", "GET200|-|reviews-v2")]
    [InlineData("100%%", "100%")]
    public async Task Commands_HaveTheirValues(string format, string expected)
    {
        await using ObservedTunnel tunnel = new();
        Assert.Equal(expected, tunnel.Line(Text(format), tunnel.Answered()));
    }

    [Fact]
    public async Task NothingThatAClientSends_BeginsALine()
    {
        await using ObservedTunnel tunnel = new();
        tunnel.Head.Fields.Set("user-agent", "a\n[2026] \"GET / HTTP/1.1\" 200\r\0\x7f\x1b");
        string line = tunnel.Line(Text("\"%REQ(USER-AGENT)%\"\n"), tunnel.Answered());
        Assert.Equal("\"a?[2026] ?GET / HTTP/1.1? 200????\"\n", line);
    }

    private static LogFormatter Text(string format) => new(Template(format));

    private static LogTemplate Template(string format)
    {
        Assert.True(LogTemplate.TryParse(format, out LogTemplate? template, out string? error), error);
        return template;
    }
}

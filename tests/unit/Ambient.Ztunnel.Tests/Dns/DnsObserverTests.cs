using System.Buffers;
using System.Text;
using Ambient.Dns.Messages;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Dns.Names;
using Ambient.Ztunnel.Dns.Serving;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class DnsObserverTests
{
    private static readonly DnsClient Client = new("client", "ns1", "client", "v1");

    [Fact]
    [Trait("behaviour", "ZT-238")]
    public void ForwardedQuery_IsCounted()
    {
        var registry = new MetricRegistry();
        var observer = new DnsObserver(registry, null);
        observer.OnRequest(Client, DnsType.A, udp: true);
        observer.OnUpstream(Client, DnsType.A, udp: true, failed: true, TimeSpan.FromMilliseconds(20));
        const string Labels = "request_query_type=\"a\",request_protocol=\"udp\",source_canonical_service=\"client\",source_canonical_revision=\"v1\"";
        string text = Expose(registry);
        Assert.Contains($"istio_dns_requests_total{{{Labels}}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"istio_dns_upstream_requests_total{{{Labels}}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"istio_dns_upstream_failures_total{{{Labels}}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("istio_dns_upstream_request_duration_seconds_bucket{le=\"0.1\"," + Labels + "} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("istio_dns_upstream_request_duration_seconds_bucket{le=\"0.01\"," + Labels + "} 0\n", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n').Where(l => l.StartsWith("# HELP", StringComparison.Ordinal)), l => Assert.Contains("unstable", l, StringComparison.Ordinal));
    }

    [Fact]
    public void ForeignTypes_ShareOneSeries()
    {
        var registry = new MetricRegistry();
        var observer = new DnsObserver(registry, null);
        for (ushort type = 1000; type < 2000; type++)
        {
            observer.OnRequest(Client, type, udp: false);
        }

        Assert.Single(Expose(registry).Split('\n'), l => l.StartsWith("istio_dns_requests_total{", StringComparison.Ordinal));
    }

    private static string Expose(MetricRegistry registry)
    {
        var output = new ArrayBufferWriter<byte>();
        registry.WriteTo(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

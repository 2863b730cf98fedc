using System.Text.Json;
using Ambient.Telemetry.AccessLogs;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Tests.Logging;

namespace Ambient.Telemetry.Tests.AccessLogs;

public sealed class AccessLogTests
{
    [Fact]
    public void Completed_HasKeysInOrder()
    {
        CollectingSink sink = new();
        using LogHub hub = new(new LogHubOptions { Sink = sink });
        new AccessLogWriter(hub).Completed(Full(null));
        Assert.True(hub.Flush(TimeSpan.FromSeconds(10)));
        Assert.Equal(
            "info\taccess\tconnection complete\tsrc.addr=10.1.0.7:41230 src.workload=\"web-1\" src.namespace=\"shop\" src.identity=\"spiffe://cluster.local/ns/shop/sa/web\" src.cluster=\"c1\" "
            + "dst.addr=10.1.1.9:15008 dst.hbone_addr=10.1.1.9:8080 dst.service=\"cart.shop.svc.cluster.local\" dst.workload=\"cart-0\" dst.namespace=\"shop\" "
            + "dst.identity=\"spiffe://cluster.local/ns/shop/sa/cart\" dst.cluster=\"c1\" direction=\"outbound\" bytes_sent=84 bytes_recv=512 duration=\"3ms\"",
            sink.Lines[0].Split('\t', 2)[1]);
    }

    [Fact]
    public void Completed_WithError_IsErrorAndLeavesAbsentKeysOut()
    {
        CollectingSink sink = new();
        using LogHub hub = new(new LogHubOptions { Sink = sink, Format = LogFormat.Json });
        new AccessLogWriter(hub).Completed(new AccessLogEntry { Source = Address(10, 1, 0, 7, 41232), Destination = Address(10, 1, 1, 9, 15008), IsOutbound = false, Error = "http status: 401 Unauthorized" });
        Assert.True(hub.Flush(TimeSpan.FromSeconds(10)));
        using JsonDocument line = JsonDocument.Parse(sink.Lines[0]);
        Assert.Equal(
            ["level", "time", "scope", "message", "src.addr", "dst.addr", "direction", "bytes_sent", "bytes_recv", "duration", "error"],
            line.RootElement.EnumerateObject().Select(m => m.Name));
        Assert.Equal("error", line.RootElement.GetProperty("level").GetString());
        Assert.Equal("access", line.RootElement.GetProperty("scope").GetString());
        Assert.Equal("inbound", line.RootElement.GetProperty("direction").GetString());
        Assert.Equal("0ms", line.RootElement.GetProperty("duration").GetString());
    }

    [Fact]
    public void Opened_IsDebugWithKeysUpToDirection()
    {
        CollectingSink sink = new();
        Assert.True(LogDirectives.TryParse("access=debug", out LogDirectives? directives, out _));
        using LogHub hub = new(new LogHubOptions { Sink = sink, Directives = directives });
        new AccessLogWriter(hub).Opened(Full(null));
        Assert.True(hub.Flush(TimeSpan.FromSeconds(10)));
        Assert.Contains("\tdebug\taccess\tconnection opened\tsrc.addr=", sink.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith("direction=\"outbound\"", sink.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Failed_IsWarningWithFourKeys()
    {
        CollectingSink sink = new();
        using LogHub hub = new(new LogHubOptions { Sink = sink });
        new AccessLogWriter(hub).Failed(Address(1, 2, 3, 4, 5), Address(6, 7, 8, 9, 10), isOutbound: true, "no healthy upstream: x");
        Assert.True(hub.Flush(TimeSpan.FromSeconds(10)));
        Assert.EndsWith("\twarn\taccess\tconnection failed\tsrc.addr=1.2.3.4:5 dst.addr=6.7.8.9:10 direction=\"outbound\" error=\"no healthy upstream: x\"", sink.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Dns_HasNoMessage()
    {
        CollectingSink sink = new();
        Assert.True(LogDirectives.TryParse("dns=debug", out LogDirectives? directives, out _));
        using LogHub hub = new(new LogHubOptions { Sink = sink, Directives = directives });
        new DnsLogWriter(hub).Answered("client", "ns1", "A", "productpage.ns1.", "success", 0);
        Assert.True(hub.Flush(TimeSpan.FromSeconds(10)));
        Assert.EndsWith("\tdebug\tdns\t\tsrc.workload=\"client\" src.namespace=\"ns1\" query=A domain=productpage.ns1. result=\"success\" endpoints=0", sink.Lines[0], StringComparison.Ordinal);
    }

    private static LogAddress Address(byte a, byte b, byte c, byte d, ushort port) => new([a, b, c, d], port);

    private static AccessLogEntry Full(string? error) => new()
    {
        Source = Address(10, 1, 0, 7, 41230),
        SourceWorkload = "web-1",
        SourceNamespace = "shop",
        SourceIdentity = "spiffe://cluster.local/ns/shop/sa/web",
        SourceCluster = "c1",
        Destination = Address(10, 1, 1, 9, 15008),
        HboneAuthority = "10.1.1.9:8080",
        DestinationService = "cart.shop.svc.cluster.local",
        DestinationWorkload = "cart-0",
        DestinationNamespace = "shop",
        DestinationIdentity = "spiffe://cluster.local/ns/shop/sa/cart",
        DestinationCluster = "c1",
        IsOutbound = true,
        BytesSent = 84,
        BytesReceived = 512,
        DurationMilliseconds = 3,
        Error = error,
    };
}

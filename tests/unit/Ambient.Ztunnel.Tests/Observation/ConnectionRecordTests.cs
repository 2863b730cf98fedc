using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Headers;
using Ambient.Mesh.Identities;
using Ambient.Ztunnel.Observation;

namespace Ambient.Ztunnel.Tests.Observation;

public sealed class ConnectionRecordTests
{
    private static readonly SpiffeId WebIdentity = new("cluster.local", "shop", "web");

    private static TrafficKey Outbound => new()
    {
        Reporter = Reporter.Source,
        Source = ObservationFixture.Web,
        SourceIdentity = WebIdentity,
        Destination = ObservationFixture.Cart,
        Service = ObservationFixture.CartService,
        IsMutualTls = true,
    };

    [Fact]
    [Trait("behaviour", "ZT-263")]
    public void Outbound_Completed_CountsAndLogsOnce()
    {
        using ObservationFixture fixture = new();
        ConnectionRecord record = fixture.Record(Reporter.Source);
        record.Open(Outbound, IpPort.Parse("10.1.1.9:15008"), "10.1.1.9:8080", TransportProtocol.Hbone);
        record.Open(Outbound, IpPort.Parse("10.1.1.9:15008"), "10.1.1.9:8080", TransportProtocol.Hbone);
        record.CountToServer(84);
        record.CountToClient(512);
        Assert.Equal(1, fixture.Samples("istio_tcp_connections_opened_total").Values.Sum());
        Assert.Empty(fixture.Samples("istio_tcp_connections_closed_total"));
        fixture.Now = 3;
        record.Close(CloseReason.Completed);
        record.Close(CloseReason.SendFailed, "late");
        Assert.Equal(1, Assert.Single(fixture.Samples("istio_tcp_connections_closed_total")).Value);
        Assert.Empty(fixture.Samples("istio_tcp_connections_failed_total"));
        Assert.Equal(84, Assert.Single(fixture.Samples("istio_tcp_received_bytes_total")).Value);
        Assert.Equal(512, Assert.Single(fixture.Samples("istio_tcp_sent_bytes_total")).Value);
        Assert.Equal(
            "info\taccess\tconnection complete\tsrc.addr=10.1.0.7:41230 src.workload=\"web-1\" src.namespace=\"shop\" src.identity=\"spiffe://cluster.local/ns/shop/sa/web\" src.cluster=\"c1\" "
            + "dst.addr=10.1.1.9:15008 dst.hbone_addr=10.1.1.9:8080 dst.service=\"cart.shop.svc.cluster.local\" dst.workload=\"cart-0\" dst.namespace=\"shop\" "
            + "dst.identity=\"spiffe://cluster.local/ns/shop/sa/cart\" dst.cluster=\"c1\" direction=\"outbound\" bytes_sent=84 bytes_recv=512 duration=\"3ms\"",
            Assert.Single(fixture.Lines()).Split('\t', 2)[1]);
    }

    [Fact]
    public void Labels_AreInOrderWithTheirValues()
    {
        Assert.Equal(
            "{reporter=\"source\",source_workload=\"web\",source_canonical_service=\"web\",source_canonical_revision=\"v1\",source_workload_namespace=\"shop\","
            + "source_principal=\"spiffe://cluster.local/ns/shop/sa/web\",source_app=\"web\",source_version=\"v1\",source_cluster=\"c1\","
            + "destination_service=\"cart.shop.svc.cluster.local\",destination_service_namespace=\"shop\",destination_service_name=\"cart\","
            + "destination_workload=\"cart-deploy\",destination_canonical_service=\"cart\",destination_canonical_revision=\"v2\",destination_workload_namespace=\"shop\","
            + "destination_principal=\"spiffe://cluster.local/ns/shop/sa/cart\",destination_app=\"cart\",destination_version=\"v2\",destination_cluster=\"c1\","
            + "request_protocol=\"tcp\",response_flags=\"-\",connection_security_policy=\"mutual_tls\","
            + "source_region=\"eu\",source_zone=\"eu-a\",destination_region=\"unknown\",destination_zone=\"unknown\"}",
            TrafficLabels.Of(Outbound, "-").ToString());
    }

    [Fact]
    public void Labels_OfNobody_AreUnknownWithoutLocality()
    {
        string labels = TrafficLabels.Of(new TrafficKey { Reporter = Reporter.Destination }, "DENY").ToString();
        Assert.Equal(23, labels.Split(',').Length);
        Assert.StartsWith("{reporter=\"destination\",source_workload=\"unknown\"", labels, StringComparison.Ordinal);
        Assert.EndsWith("response_flags=\"DENY\",connection_security_policy=\"unknown\"}", labels, StringComparison.Ordinal);
        Assert.DoesNotContain("region", labels, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_FromBaggage_FillAnUnknownSource()
    {
        Baggage baggage = Baggage.Parse("k8s.cluster.name=K1,k8s.namespace.name=NS1,k8s.deployment.name=N1,service.name=N2,service.version=V1,cloud.region=R,cloud.availability_zone=Z");
        TrafficKey key = new() { Reporter = Reporter.Destination, SourceBaggage = baggage, SourceIdentity = WebIdentity, Destination = ObservationFixture.Cart, IsMutualTls = true };
        string labels = TrafficLabels.Of(key, "-").ToString();
        Assert.Contains(
            "source_workload=\"N1\",source_canonical_service=\"N2\",source_canonical_revision=\"V1\",source_workload_namespace=\"NS1\","
            + "source_principal=\"spiffe://cluster.local/ns/shop/sa/web\",source_app=\"N1\",source_version=\"V1\",source_cluster=\"K1\"",
            labels,
            StringComparison.Ordinal);
        Assert.EndsWith("source_region=\"R\",source_zone=\"Z\",destination_region=\"unknown\",destination_zone=\"unknown\"}", labels, StringComparison.Ordinal);

        // A known workload overrides all of it but the principal.
        string known = TrafficLabels.Of(key with { Source = ObservationFixture.Web }, "-").ToString();
        Assert.DoesNotContain("N1", known, StringComparison.Ordinal);
        Assert.Contains("source_workload=\"web\"", known, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_OfTheFarEnd_ReplaceTheGateways()
    {
        Baggage far = Baggage.Parse("k8s.cluster.name=c2,k8s.namespace.name=default,k8s.deployment.name=echo,service.name=echo-svc");
        TrafficKey key = Outbound with { DestinationBaggage = far, DestinationIdentity = new SpiffeId("cluster.local", "default", "echo") };
        string labels = TrafficLabels.Of(key, "-").ToString();
        Assert.Contains("destination_workload=\"echo\",destination_canonical_service=\"echo-svc\"", labels, StringComparison.Ordinal);
        Assert.Contains("destination_principal=\"spiffe://cluster.local/ns/default/sa/echo\"", labels, StringComparison.Ordinal);
        Assert.DoesNotContain("cart-deploy", labels, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CloseReason.PolicyDenied, "DENY", 1)]
    [InlineData(CloseReason.ConnectFailed, "CONNECT", 1)]
    [InlineData(CloseReason.HboneConnectTimeout, "NETWORK_POLICY", 1)]
    [InlineData(CloseReason.Drained, "-", 0)]
    public void Failure_IsCountedWithItsFlag(CloseReason reason, string flag, int failed)
    {
        using ObservationFixture fixture = new();
        ConnectionRecord record = fixture.Record(Reporter.Destination);
        record.Open(Outbound with { Reporter = Reporter.Destination }, IpPort.Parse("10.1.1.9:8080"), null, TransportProtocol.Hbone);
        record.Close(reason, "the text");
        Assert.Contains($"response_flags=\"{flag}\"", Assert.Single(fixture.Samples("istio_tcp_connections_closed_total")).Key, StringComparison.Ordinal);
        Assert.Equal(failed, fixture.Samples("istio_tcp_connections_failed_total").Values.Sum());
        string line = Assert.Single(fixture.Lines());
        Assert.Contains("\terror\taccess\tconnection complete\t", line, StringComparison.Ordinal);
        Assert.EndsWith(" error=\"the text\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Inbound_LogsTheTunnelsAddressAndSwapsNoBytes()
    {
        using ObservationFixture fixture = new();
        ConnectionRecord record = fixture.Record(Reporter.Destination, "10.1.0.7:50112", "10.1.1.9:15008");
        record.Open(Outbound with { Reporter = Reporter.Destination }, IpPort.Parse("10.1.1.9:8080"), "10.1.1.9:8080", TransportProtocol.Hbone);
        record.CountToServer(11);
        record.CountToClient(22);
        record.Close(CloseReason.Completed);
        string line = Assert.Single(fixture.Lines());
        Assert.Contains("dst.addr=10.1.1.9:15008 dst.hbone_addr=10.1.1.9:8080", line, StringComparison.Ordinal);
        Assert.Contains("direction=\"inbound\" bytes_sent=22 bytes_recv=11", line, StringComparison.Ordinal);
        Assert.Equal(11, Assert.Single(fixture.Samples("istio_tcp_received_bytes_total")).Value);
        Assert.Equal(22, Assert.Single(fixture.Samples("istio_tcp_sent_bytes_total")).Value);
    }

    [Fact]
    public void PlainTcp_LogsNoIdentities()
    {
        using ObservationFixture fixture = new();
        ConnectionRecord record = fixture.Record(Reporter.Source);
        record.Open(Outbound with { IsMutualTls = false, SourceIdentity = null }, IpPort.Parse("10.1.1.9:80"), null, TransportProtocol.Tcp);
        record.Close(CloseReason.Completed);
        string line = Assert.Single(fixture.Lines());
        Assert.DoesNotContain("identity", line, StringComparison.Ordinal);
        Assert.DoesNotContain("hbone_addr", line, StringComparison.Ordinal);
        string labels = Assert.Single(fixture.Samples("istio_tcp_connections_closed_total")).Key;
        Assert.Contains("source_principal=\"unknown\"", labels, StringComparison.Ordinal);
        Assert.Contains("destination_principal=\"spiffe://cluster.local/ns/shop/sa/cart\"", labels, StringComparison.Ordinal);
    }

    [Fact]
    public void FailedBeforeARoute_IsOneWarningWithoutMetrics()
    {
        using ObservationFixture fixture = new();
        ConnectionRecord record = fixture.Record(Reporter.Source);
        record.Close(CloseReason.NoHealthyUpstream, "no healthy upstream: cart");
        record.Close(CloseReason.NoHealthyUpstream, "again");
        Assert.EndsWith(
            "\twarn\taccess\tconnection failed\tsrc.addr=10.1.0.7:41230 dst.addr=10.96.0.9:80 direction=\"outbound\" error=\"no healthy upstream: cart\"",
            Assert.Single(fixture.Lines()),
            StringComparison.Ordinal);
        Assert.DoesNotContain("istio_tcp_connections", fixture.Exposition(), StringComparison.Ordinal);
        fixture.Record(Reporter.Source).Close(CloseReason.ClientClosed);
        Assert.Single(fixture.Lines());
    }

    [Fact]
    public void Routes_AreSharedAndBytesCostNoAllocation()
    {
        using ObservationFixture fixture = new("off");
        Assert.Same(fixture.Traffic.Resolve(Outbound), fixture.Traffic.Resolve(Outbound));
        ConnectionRecord record = fixture.Record(Reporter.Source);
        record.Open(Outbound, IpPort.Parse("10.1.1.9:15008"), "a:1", TransportProtocol.Hbone);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            record.CountToServer(1);
            record.CountToClient(1);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void AnOpenConnection_CostsFewBytes()
    {
        using ObservationFixture fixture = new("off");
        ConnectionTable table = new();
        ConnectionRecord[] keep = new ConnectionRecord[1000];
        fixture.Traffic.Resolve(Outbound);
        IpPort dial = IpPort.Parse("10.1.1.9:15008");
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < keep.Length; i++)
        {
            ConnectionRecord record = new(fixture.Traffic, Reporter.Source, dial, dial, fixture);
            record.Open(Outbound, dial, "10.1.1.9:8080", TransportProtocol.Hbone);
            table.Add(record);
            keep[i] = record;
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / keep.Length, 100, 256);
        Assert.Equal(keep.Length, table.Count);
    }

    [Fact]
    public void Sockets_AreCountedUpAndDown()
    {
        using ObservationFixture fixture = new();
        fixture.Traffic.SocketOpened(Reporter.Source);
        fixture.Traffic.SocketOpened(Reporter.Destination);
        fixture.Traffic.SocketOpened(Reporter.Destination);
        fixture.Traffic.SocketClosed(Reporter.Destination);
        Dictionary<string, long> open = fixture.Samples("istio_tcp_sockets_open");
        Assert.Equal(1, open["{reporter=\"source\"}"]);
        Assert.Equal(1, open["{reporter=\"destination\"}"]);
    }

    [Fact]
    [Trait("behaviour", "ZT-260")]
    public void Families_AreStableOrSaySo()
    {
        string[] stable =
        [
            "istio_build", "istio_tcp_connections_opened", "istio_tcp_connections_closed", "istio_tcp_received_bytes", "istio_tcp_sent_bytes", "process_max_fds", "process_open_fds",
        ];
        using ObservationFixture fixture = new("off");
        fixture.Registry.Add(new Ambient.Telemetry.Metrics.ProcessMetrics());
        fixture.Registry.Add(new Ambient.Telemetry.Metrics.RuntimeMetrics(null));
        BuildMetric.Add(fixture.Registry, "1.31.0");
        ConnectionRecord record = fixture.Record(Reporter.Source);
        record.Open(Outbound, IpPort.Parse("10.1.1.9:15008"), "a:1", TransportProtocol.Hbone);
        record.Close(CloseReason.ConnectFailed);
        fixture.Metrics.CountOnDemandDns(ObservationFixture.Web, "db.example.com");
        fixture.Metrics.RevocationRejections(Reporter.Source).Increment();
        string text = fixture.Exposition();
        Assert.Contains("istio_build{component=\"ztunnel\",tag=\"1.31.0\"} 1\n", text, StringComparison.Ordinal);
        List<string> seen = [];
        foreach (string help in text.Split('\n').Where(l => l.StartsWith("# HELP ", StringComparison.Ordinal)))
        {
            string name = help.Split(' ')[2];
            if (help.Contains("unstable", StringComparison.Ordinal))
            {
                Assert.DoesNotContain(name, stable);
            }
            else
            {
                seen.Add(name);
            }
        }

        Assert.Equal(stable.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }
}

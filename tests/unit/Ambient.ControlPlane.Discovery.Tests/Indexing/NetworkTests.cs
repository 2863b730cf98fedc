using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>Workloads of other networks, and the gateways that lead there.</summary>
public sealed class NetworkTests
{
    private const string Entry = "cluster0/networking.istio.io/WorkloadEntry/ns1/e";
    private const string Remote = """{"topology.istio.io/network":"remote-network"}""";
    private const string Spec = """{"gatewayClassName":"istio-remote","listeners":[{"name":"hbone","port":15008,"protocol":"HBONE"}]}""";
    private readonly Cluster _cluster = new();

    [Fact]
    [Trait("behaviour", "CP-21")]
    public void GatewayWithAnAddress_IsOnTheWayToItsNetwork()
    {
        _cluster.WorkloadEntry("e", """{"address":"10.10.10.1","network":"remote-network"}""");
        _cluster.WorkloadEntry("here", """{"address":"10.10.10.2"}""");
        _cluster.Events();
        Assert.Null(_cluster.Workload(Entry).NetworkGateway);

        _cluster.Gateway("gw", "9.9.9.9", Remote, Spec);
        Assert.Equal($"+NetworkGateway/remote-network/9.9.9.9/15008 +{Entry}", _cluster.Events());
        GatewayAddress way = _cluster.Workload(Entry).NetworkGateway;
        Assert.Equal(("remote-network", "9.9.9.9", 15008u), (way.Address.Network, new System.Net.IPAddress(way.Address.Address.Span).ToString(), way.HboneMtlsPort));

        // Who it is must be known to trust it.
        Workload gateway = _cluster.Workload("NetworkGateway/remote-network/9.9.9.9/15008");
        Assert.Equal(("ns1", "gw-istio-remote", "remote-network", TunnelProtocol.Hbone, ""), (gateway.Namespace, gateway.ServiceAccount, gateway.Network, gateway.TunnelProtocol, gateway.TrustDomain));

        _cluster.NoGateway("gw");
        Assert.Equal($"+{Entry} -NetworkGateway/remote-network/9.9.9.9/15008", _cluster.Events());
        Assert.Null(_cluster.Workload(Entry).NetworkGateway);
    }

    [Fact]
    [Trait("behaviour", "CP-22")]
    public void GatewayWithAName_IsReachedByName()
    {
        _cluster.Gateway("gw", "networkgateway.example.com", Remote, Spec, ns: "ns-gtw", annotations: """{"gateway.istio.io/service-account":"own"}""");
        _cluster.WorkloadEntry("e", """{"address":"10.10.10.1","network":"remote-network"}""");

        GatewayAddress way = _cluster.Workload(Entry).NetworkGateway;
        Assert.Equal(("ns-gtw", "networkgateway.example.com", 15008u), (way.Hostname.Namespace, way.Hostname.Hostname, way.HboneMtlsPort));
        Workload gateway = _cluster.Workload("NetworkGateway/remote-network/networkgateway.example.com/15008");
        Assert.Equal(("networkgateway.example.com", "own"), (gateway.Hostname, gateway.ServiceAccount));
    }

    [Theory]
    [InlineData("""{"gatewayClassName":"istio-remote"}""", Remote)]
    [InlineData("""{"gatewayClassName":"istio","listeners":[{"port":15008,"protocol":"HBONE"}]}""", Remote)]
    [InlineData(Spec, "{}")]
    public void OtherGateways_LeadNowhere(string spec, string labels)
    {
        _cluster.WorkloadEntry("e", """{"address":"10.10.10.1","network":"remote-network"}""");
        _cluster.Gateway("gw", "9.9.9.9", labels, spec);

        Assert.Null(_cluster.Workload(Entry).NetworkGateway);
        Assert.DoesNotContain(_cluster.Names, static name => name.StartsWith("NetworkGateway", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "CP-33")]
    public void EntryOfAnotherNetwork_IsFoundThere_WithoutAnyGateway()
    {
        _cluster.WorkloadEntry("e", """{"address":"10.10.10.10","network":"other-network"}""");

        Assert.Equal(["other-network/10.10.10.10"], _cluster.Content(Entry).Aliases);
        Assert.Equal("other-network", _cluster.Workload(Entry).Network);
    }
}

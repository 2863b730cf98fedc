using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

public sealed class WaypointTests
{
    private const string Pod = "cluster0//Pod/ns1/p";
    private const string Service = "ns1/s.ns1.svc.company.com";
    private const string Use = """{"istio.io/use-waypoint":"wp"}""";
    private readonly Cluster _cluster = new();

    [Theory]
    [Trait("behaviour", "CP-103")]
    [Trait("behaviour", "CP-104")]
    [Trait("behaviour", "CP-105")]
    [Trait("behaviour", "CP-106")]
    [InlineData("service", "+" + Service)]
    [InlineData("all", "+" + Pod + " +" + Service)]
    [InlineData("workload", "+" + Pod)]
    [InlineData("none", "")]
    public void TrafficType_DecidesWhoIsBound(string type, string events)
    {
        _cluster.Gateway("wp", "10.9.9.9", $$"""{"istio.io/waypoint-for":"{{type}}"}""");
        _cluster.Pod("p", "10.0.0.1");
        _cluster.Service("s", "{}");
        _cluster.Events();

        _cluster.Pod("p", "10.0.0.1", Use);
        _cluster.Service("s", "{}", Use);

        Assert.Equal(events, _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-107")]
    [Trait("behaviour", "CP-111")]
    public void Readiness_ComesAndGoes()
    {
        const string All = """{"istio.io/waypoint-for":"all"}""";
        _cluster.Gateway("wp", labels: All);
        _cluster.Pod("p", "10.0.0.1", Use);
        _cluster.Pod("q", "10.0.0.2");
        _cluster.Events();
        Assert.Null(_cluster.Workload(Pod).Waypoint);

        _cluster.Gateway("wp", "wp.ns1.svc.company.com", All);
        Assert.Equal("+" + Pod, _cluster.Events());
        Assert.Equal(("ns1", "wp.ns1.svc.company.com", 15008u), (_cluster.Workload(Pod).Waypoint.Hostname.Namespace, _cluster.Workload(Pod).Waypoint.Hostname.Hostname, _cluster.Workload(Pod).Waypoint.HboneMtlsPort));
        _cluster.NoGateway("wp");
        Assert.Equal("+" + Pod, _cluster.Events());
        Assert.Null(_cluster.Workload(Pod).Waypoint);
    }

    [Fact]
    [Trait("behaviour", "CP-10")]
    [Trait("behaviour", "CP-109")]
    [Trait("behaviour", "CP-113")]
    public void Instances_HaveNoWaypoint()
    {
        _cluster.Namespace("ns1", Use);
        _cluster.Gateway("wp", "10.9.9.9", """{"istio.io/waypoint-for":"all"}""", annotations: """{"ambient.istio.io/waypoint-inbound-binding":"PROXY/15088"}""", spec: """{"listeners":[{"port":15088,"protocol":"HTTP"}]}""");
        _cluster.Pod("p", "10.0.0.1", """{"gateway.networking.k8s.io/gateway-name":"wp"}""");
        _cluster.Pod("other", "10.0.0.2");
        _cluster.Service("s", "{}", """{"gateway.istio.io/managed":"istio.io-mesh-controller"}""");

        Assert.Null(_cluster.Workload(Pod).Waypoint);
        Assert.Equal((ApplicationTunnel.Types.Protocol.Proxy, 15088u), (_cluster.Workload(Pod).ApplicationTunnel.Protocol, _cluster.Workload(Pod).ApplicationTunnel.Port));
        Assert.Null(_cluster.Service(Service).Waypoint);
        Assert.NotNull(_cluster.Workload("cluster0//Pod/ns1/other").Waypoint);
    }

    [Fact]
    [Trait("behaviour", "CP-112")]
    public void LabelLife()
    {
        const string All = """{"istio.io/waypoint-for":"all"}""";
        _cluster.Gateway("wp", "10.9.9.9", All);
        _cluster.Gateway("own", "10.9.9.8", All);
        _cluster.Pod("p", "10.0.0.1");
        _cluster.Events();
        byte? Last() => _cluster.Workload(Pod).Waypoint?.Address.Address[3];

        _cluster.Namespace("ns1", Use);
        Assert.Equal(("+" + Pod, (byte)9), (_cluster.Events(), Last()!.Value));
        _cluster.Pod("p", "10.0.0.1", """{"istio.io/use-waypoint":"own"}""");
        Assert.Equal(("+" + Pod, (byte)8), (_cluster.Events(), Last()!.Value));
        _cluster.Namespace("ns1");
        Assert.Equal("", _cluster.Events());
        _cluster.Pod("p", "10.0.0.1", """{"istio.io/use-waypoint":"none"}""");
        _cluster.Namespace("ns1", Use);
        Assert.Equal(("+" + Pod, null), (_cluster.Events(), Last()));
        _cluster.Pod("p", "10.0.0.1", """{"istio.io/use-waypoint":"missing"}""");
        Assert.Null(Last());
        _cluster.Pod("p", "10.0.0.1");
        Assert.Equal((byte)9, Last());
    }

    [Fact]
    [Trait("behaviour", "CP-57")]
    [Trait("behaviour", "CP-58")]
    [Trait("behaviour", "CP-117")]
    public void OtherNamespaces_AreAllowedByTheListener()
    {
        string Listener(string from) => $$$"""{"listeners":[{"port":15008,"protocol":"HBONE","allowedRoutes":{"namespaces":{{{from}}}}}]}""";
        _cluster.Service("s", "{}", """{"istio.io/use-waypoint":"wp","istio.io/use-waypoint-namespace":"infra"}""");
        bool IsBound(string spec)
        {
            _cluster.Gateway("wp", "10.9.9.9", spec: spec, ns: "infra");
            return _cluster.Service(Service).Waypoint is not null;
        }

        Assert.False(IsBound("{}"));
        Assert.False(IsBound("""{"listeners":[{"port":15008,"protocol":"HBONE"}]}"""));
        Assert.True(IsBound(Listener("""{"from":"All"}""")));
        Assert.False(IsBound(Listener("""{"from":"Same"}""")));
        Assert.False(IsBound(Listener("""{"from":"Selector","selector":{"matchLabels":{"team":"a"}}}""")));
        _cluster.Namespace("ns1", """{"team":"a"}""");
        Assert.NotNull(_cluster.Service(Service).Waypoint);
    }

    [Theory]
    [Trait("behaviour", "CP-59")]
    [Trait("behaviour", "CP-60")]
    [Trait("behaviour", "CP-61")]
    [InlineData(null, null, false)]
    [InlineData("true", null, true)]
    [InlineData("", null, false)]
    [InlineData("True", null, true)]
    [InlineData(null, "true", true)]
    [InlineData(null, "false", false)]
    [InlineData("false", "true", false)]
    public void Ingress(string? own, string? ofNamespace, bool expected)
    {
        string Labels(string? value, string more) => "{" + (value is null ? "" : $"\"istio.io/ingress-use-waypoint\":\"{value}\",") + more + "}";
        _cluster.Gateway("wp", "10.9.9.9");
        _cluster.Namespace("ns1", Labels(ofNamespace, "\"x\":\"y\""));
        _cluster.Service("s", "{}", Labels(own, "\"istio.io/use-waypoint\":\"wp\""));

        Assert.Equal(expected, _cluster.Service(Service).IngressUseWaypoint);
    }
}

using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>What objects' statuses should say.</summary>
public sealed class ConditionTests
{
    private readonly Cluster _cluster = new();
    private readonly Dictionary<string, IReadOnlyList<Condition>> _said = new(StringComparer.Ordinal);

    [Fact]
    [Trait("behaviour", "CP-24")]
    [Trait("behaviour", "CP-25")]
    [Trait("behaviour", "CP-26")]
    public void WorkloadEntry_IsToldAboutItsWaypoint()
    {
        Entry("none", "");
        Entry("far", "'istio.io/use-waypoint':'waypoint','istio.io/use-waypoint-namespace':'waypoint-ns'");
        Entry("missing", "'istio.io/use-waypoint':'missing-waypoint'");
        Gateway("waypoint-ns", "waypoint", "all", "All");
        Assert.Equal("", Said("WorkloadEntry ns1/none"));
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted", Said("WorkloadEntry ns1/far"));
        Assert.Contains("waypoint-ns/waypoint", _said["WorkloadEntry ns1/far"][0].Message, StringComparison.Ordinal);
        Assert.Equal("istio.io/WaypointBound=False/WaypointIsNotReady", Said("WorkloadEntry ns1/missing"));
        Assert.Contains("ns1/missing-waypoint", _said["WorkloadEntry ns1/missing"][0].Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CP-27")]
    [Trait("behaviour", "CP-28")]
    [Trait("behaviour", "CP-29")]
    public void InheritedWaypointOfAnotherKind_IsNoError_ButAnOwnOneIs()
    {
        Gateway("ns1", "w", "service", "Same");
        _cluster.Namespace("ns1", """{"istio.io/use-waypoint":"w"}""");
        Entry("inherits", "");
        Entry("asks", "'istio.io/use-waypoint':'w'");
        Assert.Equal("", Said("WorkloadEntry ns1/inherits"));
        Assert.Equal("istio.io/WaypointBound=False/UnsupportedTrafficType", Said("WorkloadEntry ns1/asks"));
        Assert.Contains("\"workload\"", _said["WorkloadEntry ns1/asks"][0].Message, StringComparison.Ordinal);
        Gateway("ns1", "w", "all", "Same");
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted", Said("WorkloadEntry ns1/inherits"));
    }

    [Fact]
    [Trait("behaviour", "CP-64")]
    public void Service_IsToldAboutIngress_AndAboutWhatIsDenied()
    {
        Service("'istio.io/use-waypoint':'w'");
        Gateway("ns1", "w", "service", "Same");
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted", Said("Service ns1/s"));
        Assert.DoesNotContain("Ingress", _said["Service ns1/s"][0].Message, StringComparison.Ordinal);
        Service("'istio.io/use-waypoint':'w','istio.io/ingress-use-waypoint':'true'");
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted", Said("Service ns1/s"));
        Assert.EndsWith("Ingress traffic will traverse the waypoint", _said["Service ns1/s"][0].Message, StringComparison.Ordinal);
        Service("'istio.io/use-waypoint':'w','istio.io/ingress-use-waypoint':'no'");
        Said("Service ns1/s");
        Assert.Contains("Ingress traffic is not using the waypoint", _said["Service ns1/s"][0].Message, StringComparison.Ordinal);
        Gateway("other", "w", "service", "Same");
        Service("'istio.io/use-waypoint':'w','istio.io/use-waypoint-namespace':'other'");
        Assert.Equal("istio.io/WaypointBound=False/AttachmentDenied", Said("Service ns1/s"));
        Service("");
        Assert.Equal("", Said("Service ns1/s"));
    }

    [Fact]
    [Trait("behaviour", "CP-143")]
    public void Policy_IsToldAboutEachTarget()
    {
        Gateway("ns1", "w", "service", "Same");
        Service("'istio.io/use-waypoint':'w'");
        _cluster.Set(KnownResources.ServiceEntries, "{'metadata':{'name':'out','namespace':'ns1','labels':{'istio.io/use-waypoint':'none'}},'spec':{'hosts':['a.com'],'resolution':'DNS'}}".Replace('\'', '"'), _cluster.Index.SetServiceEntry);
        _cluster.Set(KnownResources.GatewayClasses, "{'metadata':{'name':'istio-waypoint'},'spec':{'controllerName':'istio.io/mesh-controller'}}".Replace('\'', '"'), (key, now) => _cluster.Index.SetGatewayClass(key.Name, now));
        const string Service1 = "{'kind':'Service','name':'s'}", Entry1 = "{'group':'networking.istio.io','kind':'ServiceEntry','name':'out'}", Gone = "{'kind':'Service','name':'gone'}";
        const string Class = "{'group':'gateway.networking.k8s.io','kind':'GatewayClass','name':'istio-waypoint'}";
        (string Targets, string Expected)[] table =
        [
            (Service1, "WaypointAccepted=True/Accepted"),
            ("{'group':'core','kind':'Service','name':'s'}", "WaypointAccepted=True/Accepted"),
            ("{'kind':'Service','name':'s','namespace':'ns1'}", "WaypointAccepted=True/Accepted"),
            ("{'kind':'Service','name':'s','namespace':'ns2'}", "WaypointAccepted=False/Invalid"),
            ("{'group':'apps','kind':'Service','name':'s'}", "WaypointAccepted=False/Invalid"),
            (Entry1, "WaypointAccepted=False/AncestorNotBound"),
            (Gone, "WaypointAccepted=False/TargetNotFound"),
            ("{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}", "WaypointAccepted=True/Accepted"),
            (Class, "WaypointAccepted=False/Invalid"),
            (Service1 + "," + Entry1, "WaypointAccepted=True/PartiallyInvalid"),
            (Gone + "," + Entry1, "WaypointAccepted=False/Invalid"),
        ];
        foreach ((string targets, string expected) in table)
        {
            Policy("ns1", $"'targetRefs':[{targets}]");
            Assert.Equal((targets, expected), (targets, Said("AuthorizationPolicy ns1/p")));
        }

        Assert.Contains("ServiceEntry.networking.istio.io:ns1/out", _said["AuthorizationPolicy ns1/p"][0].Message, StringComparison.Ordinal);
        Policy("istio-system", $"'targetRefs':[{Class}]");
        Assert.Equal("WaypointAccepted=True/Accepted", Said("AuthorizationPolicy istio-system/p"));

        // Its target comes later, and goes again.
        Policy("ns1", "'targetRefs':[{'kind':'Service','name':'s'}]");
        Assert.Equal("WaypointAccepted=True/Accepted", Said("AuthorizationPolicy ns1/p"));
        _cluster.Index.SetService(new ResourceKey("ns1", "s"), null);
        Assert.Equal("WaypointAccepted=False/TargetNotFound", Said("AuthorizationPolicy ns1/p"));
        Policy("ns1", "'action':'DENY'");
        Assert.Equal("ZtunnelAccepted=True/Accepted", Said("AuthorizationPolicy ns1/p"));
    }

    /// <summary>A policy is in force when its enforcers hold it; that we could convert it says nothing about them.</summary>
    [Fact]
    public void PolicyThatZtunnelsRefuse_IsNotAccepted_UntilTheyTakeIt()
    {
        Policy("ns1", "'action':'DENY'");
        _cluster.Set(KnownResources.PeerAuthentications, "{'metadata':{'name':'peer','namespace':'ns1'},'spec':{}}".Replace('\'', '"'), _cluster.Index.SetPeerAuthentication);
        Assert.Equal("ZtunnelAccepted=True/Accepted", Said("AuthorizationPolicy ns1/p"));
        _cluster.Index.SetRefusedByProxies(new Dictionary<string, string> { ["ns1/p"] = "bad port", ["ns1/converted_peer_authentication_peer"] = "bad rule", ["nonsense"] = "x", ["ns1/gone"] = "x" });
        Assert.Equal("ZtunnelAccepted=False/Refused", Said("AuthorizationPolicy ns1/p"));
        Assert.Equal("bad port", _said["AuthorizationPolicy ns1/p"][0].Message);
        Assert.Equal("ZtunnelAccepted=False/Refused", Said("PeerAuthentication ns1/peer"));
        Assert.Equal("bad rule", _said["PeerAuthentication ns1/peer"][0].Message);

        // What is said about it, not whether, is another; then nothing is.
        _cluster.Index.SetRefusedByProxies(new Dictionary<string, string> { ["ns1/p"] = "bad name" });
        Assert.Equal("", Said("PeerAuthentication ns1/peer"));
        Assert.Equal("bad name", _said["AuthorizationPolicy ns1/p"][0].Message);
        _cluster.Index.SetRefusedByProxies(new Dictionary<string, string>());
        Assert.Equal("ZtunnelAccepted=True/Accepted", Said("AuthorizationPolicy ns1/p"));
    }

    [Theory]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.9.9.9", "loopback")]
    [InlineData("::1", "loopback")]
    [InlineData("::ffff:127.0.0.1", "loopback")]
    [InlineData("localhost", "loopback")]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("::", "unspecified")]
    [InlineData("169.254.169.254", "link-local")]
    [InlineData("::ffff:169.254.169.254", "link-local")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("64:ff9b::169.254.169.254", "link-local")]
    [InlineData("2002:7f00:1::1", "loopback")]
    [InlineData("168.63.129.16", "a cloud's metadata service")]
    [InlineData("64:ff9b::100.100.100.200", "a cloud's metadata service")]
    [InlineData("224.0.0.1", "not of one host")]
    public void AddressesThatNoEndpointCanHave_AreAbsent_AndNamed(string address, string kind)
    {
        string said = $"'{address}' is {kind}";
        _cluster.ServiceEntry("e", $$"""{"hosts":["e.com"],"resolution":"STATIC","endpoints":[{"address":"10.0.0.9"},{"address":"{{address}}"}]}""");
        Assert.Equal("ambient.mesh/EndpointsAccepted=False/ForbiddenAddress", Said("ServiceEntry ns1/e").Split(' ')[^1]);
        Assert.StartsWith("spec.endpoints[1].address: " + said, _said["ServiceEntry ns1/e"][^1].Message, StringComparison.Ordinal);
        _cluster.WorkloadEntry("w", $$"""{"address":"{{address}}"}""");
        Assert.Equal("ambient.mesh/EndpointsAccepted=False/ForbiddenAddress", Said("WorkloadEntry ns1/w"));
        _cluster.Service("s", """{"clusterIP":"10.1.1.1","ports":[{"port":80}]}""");
        Slice(address);
        Said("");
        Assert.StartsWith("endpoints[0].addresses: " + said, _said["EndpointSlice ns1/sl"][0].Message, StringComparison.Ordinal);
        Assert.Equal(["cluster0/networking.istio.io/ServiceEntry/ns1/e/10.0.0.9"], _cluster.Names.Where(static name => name.StartsWith("cluster0", StringComparison.Ordinal)));

        // What is right again counts, and nothing is said any more.
        _cluster.ServiceEntry("e", """{"hosts":["e.com"],"resolution":"STATIC","endpoints":[{"address":"10.0.0.9"},{"address":"10.0.0.8"}]}""");
        _cluster.WorkloadEntry("w", """{"address":"10.0.0.7"}""");
        Slice("10.0.0.6");
        Assert.DoesNotContain("EndpointsAccepted", Said("ServiceEntry ns1/e") + Said("WorkloadEntry ns1/w") + Said("EndpointSlice ns1/sl"), StringComparison.Ordinal);
        Assert.Equal(4, _cluster.Names.Count(static name => name.StartsWith("cluster0", StringComparison.Ordinal)));
    }

    private void Slice(string address) => _cluster.Slice("sl", $$$"""{"metadata":{"name":"sl","namespace":"ns1","labels":{"kubernetes.io/service-name":"s"}},"addressType":"IPv4","endpoints":[{"addresses":["{{{address}}}"]}]}""");

    [Fact]
    public void ServiceEntry_IsToldWhatOfItIsNotInForce()
    {
        _cluster.ServiceEntry("good", "{'hosts':['good.com'],'resolution':'DNS','ports':[{'number':80,'name':'http','protocol':'HTTP'}]}".Replace('\'', '"'));
        Assert.Equal("", Said("ServiceEntry ns1/good"));
        _cluster.ServiceEntry("bad", "{'hosts':['bad.com'],'addresses':['10.0.0.1','10.0.0.0/33'],'ports':[{'number':70000,'name':'http','protocol':'HTTP'}]}".Replace('\'', '"'));
        Assert.Equal("Reconciled=False/Invalid", Said("ServiceEntry ns1/bad"));
        Assert.Equal("spec.addresses[1]: '10.0.0.0/33' is no address or block of addresses: the entry has no effect; spec.ports[0].number: 70000 is no port: it has none", _said["ServiceEntry ns1/bad"][0].Message);

        // The older of two has a host, and a Service before any; when it goes, the other is told.
        _cluster.ServiceEntry("older", "{'hosts':['bad.com','good.com'],'resolution':'DNS'}".Replace('\'', '"'), created: "2020-01-01T00:00:00Z");
        Assert.Equal("", Said("ServiceEntry ns1/older"));
        Assert.Equal("Reconciled=False/HostTaken", Said("ServiceEntry ns1/good"));
        Assert.Equal("good.com is the older ServiceEntry's ns1/older, which is in force", _said["ServiceEntry ns1/good"][0].Message);
        _cluster.NoServiceEntry("older");
        Assert.Equal("", Said("ServiceEntry ns1/good"));
        _cluster.ServiceEntry("good", "{'hosts':['good.com','s.ns1.svc.company.com'],'resolution':'DNS'}".Replace('\'', '"'));
        Assert.Equal("", Said("ServiceEntry ns1/good"));
        Service("");
        Assert.Equal("Reconciled=False/HostTaken", Said("ServiceEntry ns1/good"));
        Assert.Contains("the Service's ns1/s", _said["ServiceEntry ns1/good"][0].Message, StringComparison.Ordinal);

        // In another namespace it is nobody's.
        _cluster.ServiceEntry("good", "{'hosts':['s.ns1.svc.company.com'],'resolution':'DNS'}".Replace('\'', '"'), ns: "ns2");
        Assert.Equal("", Said("ServiceEntry ns2/good"));
    }

    [Fact]
    public void UnchangedConditions_AreNotSaidAgain()
    {
        Gateway("ns1", "w", "service", "Same");
        Service("'istio.io/use-waypoint':'w'");
        Said("Service ns1/s");
        Service("'istio.io/use-waypoint':'w','more':'x'");
        _cluster.Events();
        Assert.Empty(_cluster.Index.TakeConditions());
    }

    private void Entry(string name, string labels) => _cluster.Set(KnownResources.WorkloadEntries, $$$"""{'metadata':{'name':'{{{name}}}','namespace':'ns1','labels':{ {{{labels}}} }},'spec':{'address':'10.0.0.1'}}""".Replace('\'', '"'), _cluster.Index.SetWorkloadEntry);

    private void Service(string labels) => _cluster.Set(KnownResources.Services, $$$"""{'metadata':{'name':'s','namespace':'ns1','labels':{ {{{labels}}} }},'spec':{'clusterIP':'10.1.1.1','ports':[{'port':80}]}}""".Replace('\'', '"'), _cluster.Index.SetService);

    private void Policy(string ns, string spec) => _cluster.Set(KnownResources.AuthorizationPolicies, $$$"""{'metadata':{'name':'p','namespace':'{{{ns}}}'},'spec':{ {{{spec}}} }}""".Replace('\'', '"'), _cluster.Index.SetAuthorizationPolicy);

    private void Gateway(string ns, string name, string trafficType, string from) => _cluster.Set(KnownResources.Gateways, $$$$"""
        {'metadata':{'name':'{{{{name}}}}','namespace':'{{{{ns}}}}','labels':{'istio.io/waypoint-for':'{{{{trafficType}}}}'}},
         'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE','allowedRoutes':{'namespaces':{'from':'{{{{from}}}}'}}}]},
         'status':{'addresses':[{'type':'Hostname','value':'{{{{name}}}}.{{{{ns}}}}'}]}}
        """.Replace('\'', '"'), _cluster.Index.SetGateway);

    private string Said(string at)
    {
        _cluster.Events();
        foreach (ObjectConditions each in _cluster.Index.TakeConditions())
        {
            _said[$"{each.Type.Kind} {each.Key}"] = each.Wanted;
        }

        return string.Join(' ', (_said.GetValueOrDefault(at) ?? []).Select(static condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));
    }
}

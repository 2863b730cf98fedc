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

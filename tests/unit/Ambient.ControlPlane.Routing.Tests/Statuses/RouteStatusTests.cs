using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Tests.Statuses;

/// <summary>What the status of a route says about each of its parents.</summary>
public sealed class RouteStatusTests
{
    private readonly RoutedCluster _cluster = new();

    public RouteStatusTests()
    {
        _cluster.Set("GatewayClass", "istio-waypoint", "},'spec':{'controllerName':'istio.io/mesh-controller'}");
        _cluster.Set("GatewayClass", "foreign", "},'spec':{'controllerName':'example.com/other'}");
        _cluster.Set("Gateway", "apps/w", Gateway("istio-waypoint"));
        Service("apps/cart", "w");
        Service("apps/other", null);
    }

    [Fact]
    [Trait("behaviour", "CP-247")]
    public void ARouteThatIsRight_IsAcceptedByItsParent_AlsoFromAnotherNamespace()
    {
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs ResolvedWaypoints=True/ResolvedWaypoints", Judge("HTTPRoute", "apps/r", "cart", "'backendRefs':[{'name':'other','port':80}]"));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs ResolvedWaypoints=True/ResolvedWaypoints", Judge("GRPCRoute", "apps/g", "cart", "'backendRefs':[{'name':'other','port':80}]"));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs ResolvedWaypoints=True/ResolvedWaypoints", Judge("TCPRoute", "apps/t", "cart", "'backendRefs':[{'name':'other','port':80}]"));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs ResolvedWaypoints=True/ResolvedWaypoints", Judge("TLSRoute", "apps/s", "cart", "'backendRefs':[{'name':'other','port':80}]", "'hostnames':['a.example.com'],"));
        _cluster.Set("HTTPRoute", "far/r", "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'cart','namespace':'apps'}],'rules':[{'backendRefs':[{'name':'cart','namespace':'apps','port':80}]}]}");
        _cluster.Take();
        Assert.StartsWith("Accepted=True/Accepted ResolvedRefs=True", Text(_cluster.Statuses["HTTPRoute far/r"].Parents![0]), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("behaviour", "CP-254")]
    [InlineData("'backendRefs':[{'kind':'Bucket','name':'b','port':80}]", "InvalidKind")]
    [InlineData("'backendRefs':[{'name':'nobody','port':80}]", "BackendNotFound")]
    [InlineData("'backendRefs':[{'name':'cart','port':81}]", "BackendNotFound")]
    [InlineData("'backendRefs':[{'name':'cart'}]", "BackendNotFound")]
    [InlineData("'backendRefs':[{'group':'networking.istio.io','kind':'Hostname','name':'nowhere.example','port':80}]", "BackendNotFound")]
    [InlineData("'backendRefs':[{'name':'nobody','port':80},{'kind':'Bucket','name':'b','port':80}]", "InvalidKind")]
    [InlineData("'filters':[{'type':'RequestMirror','requestMirror':{'backendRef':{'name':'nobody','port':80}}}],'backendRefs':[{'name':'cart','port':80}]", "BackendNotFound")]
    [InlineData("'filters':[{'type':'RequestMirror','requestMirror':{'backendRef':{'kind':'Bucket','name':'b','port':80}}}],'backendRefs':[{'name':'cart','port':80}]", "InvalidKind")]
    public void ABackendThatCannotBeOne_IsNamed_AndTheRouteIsAcceptedAllTheSame(string rule, string reason)
    {
        string said = Judge("HTTPRoute", "apps/r", "cart", rule);

        Assert.Equal($"Accepted=True/Accepted ResolvedRefs=False/{reason} ResolvedWaypoints=True/ResolvedWaypoints", said);
        Assert.Contains("spec.rules[0]", Said("HTTPRoute apps/r", "ResolvedRefs").Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CP-255")]
    public void AParentThatIsNotThere_IsNamed()
    {
        Service("apps/cart", "w");
        string Parent(string parent, string rule = "'backendRefs':[{'name':'cart','port':80}]")
        {
            _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{" + parent + "}],'rules':[{" + rule + "}]}");
            _cluster.Take();
            return Text(Assert.Single(_cluster.Statuses["HTTPRoute apps/r"].Parents!));
        }

        Assert.StartsWith("Accepted=False/NoMatchingParent", Parent("'group':'','kind':'Service','name':'cart','port':1234"), StringComparison.Ordinal);
        Assert.Equal("Service apps/cart has no port 1234", Said("HTTPRoute apps/r", "Accepted").Message);
        Assert.StartsWith("Accepted=False/NoMatchingParent", Parent("'group':'','kind':'Service','name':'cart','sectionName':'metrics'"), StringComparison.Ordinal);
        Assert.StartsWith("Accepted=True", Parent("'group':'core','kind':'Service','name':'cart','sectionName':'http'"), StringComparison.Ordinal);
        Assert.StartsWith("Accepted=False/NoMatchingParent", Parent("'group':'networking.istio.io','kind':'ServiceEntry','name':'nothing'"), StringComparison.Ordinal);
        Assert.Equal(
            "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs ResolvedWaypoints=True/ResolvedWaypoints",
            Parent("'group':'','kind':'Service','name':'cart'", "'filters':[{'type':'RequestMirror','requestMirror':{'backendRef':{'name':'cart','port':80}}}]"));
    }

    [Fact]
    [Trait("behaviour", "CP-256")]
    public void EachParent_IsJudgedByItself()
    {
        const string Service = "'group':'','kind':'Service'";
        _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{" + Service + ",'name':'cart'},{" + Service + ",'name':'other','port':80},{" + Service + ",'name':'cart','port':9},{" + Service + ",'name':'nobody'},{'name':'a-gateway'}],'rules':[{'backendRefs':[{'name':'cart','port':80}]}]}");
        _cluster.Take();
        IReadOnlyList<ParentConditions> parents = _cluster.Statuses["HTTPRoute apps/r"].Parents!;

        Assert.Equal(["True", "True", "False", "False"], parents.Take(4).Select(static parent => parent.Wanted![0].Status));
        Assert.Equal([null, 80u, 9u, null], parents.Take(4).Select(static parent => parent.Parent.Port));
        Assert.Null(parents[4].Wanted);
    }

    [Fact]
    public void AFilterThatCannotBeDone_RefusesTheRoute_OrPartOfIt()
    {
        const string Good = "{'backendRefs':[{'name':'cart','port':80}]}", Bad = "{'filters':[{'type':'ExtensionRef'}],'backendRefs':[{'name':'cart','port':80}]}";
        string Rules(string rules)
        {
            _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'cart'}],'rules':[" + rules + "]}");
            _cluster.Take();
            return Text(_cluster.Statuses["HTTPRoute apps/r"].Parents![0]);
        }

        Assert.StartsWith("Accepted=False/InvalidFilter ResolvedRefs=True", Rules(Bad), StringComparison.Ordinal);
        Assert.StartsWith("Accepted=False/InvalidFilter ResolvedRefs=True", Rules(Bad + "," + Bad), StringComparison.Ordinal);
        Assert.StartsWith("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs PartiallyInvalid=True/UnsupportedValue", Rules(Good + "," + Bad), StringComparison.Ordinal);
        Assert.Contains("spec.rules[1].filters[0]", Said("HTTPRoute apps/r", "PartiallyInvalid").Message, StringComparison.Ordinal);
        Assert.Contains("PartiallyInvalid=True/UnsupportedValue", Rules("{'sessionPersistence':{},'backendRefs':[{'name':'cart','port':80}]}"), StringComparison.Ordinal);
        Assert.DoesNotContain("PartiallyInvalid", Rules(Good), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatComesLater_IsSeen_AndOthersAreNotJudgedAgain()
    {
        Judge("HTTPRoute", "apps/r", "late", "'backendRefs':[{'name':'behind','port':80}]");
        Judge("HTTPRoute", "apps/quiet", "cart", "'backendRefs':[{'name':'cart','port':80}]");
        Assert.Equal("Accepted=False/NoMatchingParent ResolvedRefs=False/BackendNotFound ResolvedWaypoints=True/ResolvedWaypoints", Text(_cluster.Statuses["HTTPRoute apps/r"].Parents![0]));

        Service("apps/late", null);
        _cluster.Take();
        Assert.Equal("HTTPRoute apps/r", Assert.Single(_cluster.JudgedAnew));
        Assert.StartsWith("Accepted=True/Accepted ResolvedRefs=False", Text(_cluster.Statuses["HTTPRoute apps/r"].Parents![0]), StringComparison.Ordinal);
        Service("apps/behind", null);
        _cluster.Take();
        Assert.StartsWith("Accepted=True/Accepted ResolvedRefs=True", Text(_cluster.Statuses["HTTPRoute apps/r"].Parents![0]), StringComparison.Ordinal);
        _cluster.Set("Service", "apps/behind", null);
        _cluster.Take();
        Assert.StartsWith("Accepted=True/Accepted ResolvedRefs=False", Text(_cluster.Statuses["HTTPRoute apps/r"].Parents![0]), StringComparison.Ordinal);
        _cluster.Take();
        Assert.Empty(_cluster.JudgedAnew);
    }

    [Fact]
    public void TheWaypointOfTheParent_IsSpokenOf_AndThatOfAnotherControlPlaneIsLeftToIt()
    {
        Judge("HTTPRoute", "apps/r", "other", "'backendRefs':[{'name':'cart','port':80}]");
        Assert.Contains("no label istio.io/use-waypoint", Said("HTTPRoute apps/r", "ResolvedWaypoints").Message, StringComparison.Ordinal);
        Service("apps/other", "missing");
        _cluster.Take();
        Assert.Contains("waypoint apps/missing is not bound", Said("HTTPRoute apps/r", "ResolvedWaypoints").Message, StringComparison.Ordinal);
        _cluster.Set("Gateway", "apps/missing", Gateway("istio-waypoint"));
        _cluster.Take();
        Assert.Equal("All waypoints resolved", Said("HTTPRoute apps/r", "ResolvedWaypoints").Message);
        _cluster.Set("Gateway", "apps/missing", Gateway("foreign"));
        _cluster.Take();
        Assert.Empty(_cluster.Statuses["HTTPRoute apps/r"].Parents!);
        _cluster.Set("GatewayClass", "foreign", "},'spec':{'controllerName':'istio.io/mesh-controller'}");
        _cluster.Take();
        Assert.Single(_cluster.Statuses["HTTPRoute apps/r"].Parents!);
    }

    private static string Gateway(string gatewayClass) => "},'spec':{'gatewayClassName':'" + gatewayClass + "','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.1.0.1'}]}";

    private static string Text(ParentConditions parent) => string.Join(' ', parent.Wanted!.Select(static condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));

    private Condition Said(string route, string type) => _cluster.Statuses[route].Parents![0].Wanted!.Single(condition => condition.Type == type);

    private string Judge(string kind, string name, string parent, string rule, string more = "")
    {
        _cluster.Set(kind, name, "},'spec':{" + more + "'parentRefs':[{'group':'','kind':'Service','name':'" + parent + "'}],'rules':[{" + rule + "}]}");
        _cluster.Take();
        return Text(_cluster.Statuses[$"{kind} {name}"].Parents![0]);
    }

    private void Service(string name, string? waypoint) => _cluster.Set(
        "Service", name, (waypoint is null ? "" : ",'labels':{'istio.io/use-waypoint':'" + waypoint + "'}") + "},'spec':{'clusterIP':'10.2.0.1','ports':[{'name':'http','port':80}]}");
}

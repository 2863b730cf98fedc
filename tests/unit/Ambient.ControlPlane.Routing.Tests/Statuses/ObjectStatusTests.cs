using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Tests.Statuses;

/// <summary>What the statuses of Istio's own kinds say: nothing that users write is ignored in silence.</summary>
public sealed class ObjectStatusTests
{
    private readonly RoutedCluster _cluster = new();

    public ObjectStatusTests()
    {
        _cluster.Set("Gateway", "apps/w", "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.1.0.1'}]}");
        Service("apps/cart", "w");
    }

    [Fact]
    public void AVirtualService_SaysWhereItIsInForce_OrWhyNot()
    {
        Assert.Equal("True/Accepted: in force at waypoint apps/w", Say("VirtualService", "apps/v", "'hosts':['cart'],'http':[{'route':[{'destination':{'host':'cart'}}]}]"));
        Assert.Equal(
            "False/UnsupportedValue: spec.http[0].shadow is not known and has no effect", Say("VirtualService", "apps/v", "'hosts':['cart'],'http':[{'shadow':true,'route':[{'destination':{'host':'cart'}}]}]"));
        string worst = Say("VirtualService", "apps/v", "'hosts':['cart'],'http':[{'timeout':'soon','shadow':true,'route':[{'destination':{'host':'nobody'}}]}]");
        Assert.StartsWith("False/Invalid: spec.http[0].timeout 'soon' is no duration", worst, StringComparison.Ordinal);
        Assert.Contains("there is no service nobody.apps.svc.cluster.local", worst, StringComparison.Ordinal);
        Assert.StartsWith("False/NoEffect: no waypoint serves", Say("VirtualService", "apps/v", "'hosts':['elsewhere'],'http':[{'route':[{'destination':{'host':'cart'}}]}]"), StringComparison.Ordinal);
        Service("apps/elsewhere", "w");
        _cluster.Take();
        Assert.Equal("True/Accepted: in force at waypoint apps/w", Text("VirtualService apps/v"));
        Service("apps/elsewhere", null);
        _cluster.Take();
        Assert.StartsWith("False/NoEffect", Text("VirtualService apps/v"), StringComparison.Ordinal);
    }

    [Fact]
    public void ADestinationRule_SaysWhereItIsInForce_OrWhyNot()
    {
        Assert.Equal("True/Accepted: in force at waypoint apps/w", Say("DestinationRule", "apps/d", "'host':'cart','trafficPolicy':{'loadBalancer':{'simple':'RANDOM'}}"));
        Assert.StartsWith("False/NoEffect: no waypoint sends anything", Say("DestinationRule", "apps/d", "'host':'nobody','trafficPolicy':{}"), StringComparison.Ordinal);
        Assert.StartsWith("False/", Say("DestinationRule", "apps/d", "'host':'cart','trafficPolicy':{'magic':1}"), StringComparison.Ordinal);
        _cluster.Set("DestinationRule", "apps/d", null);
        _cluster.Take();
        Assert.DoesNotContain(_cluster.Waypoints.Judged, static said => said.Type.Kind == "DestinationRule");
    }

    [Fact]
    public void TokensAndTelemetry_SayItToo()
    {
        Assert.StartsWith("False/NoEffect: none of spec.targetRefs", Say("RequestAuthentication", "apps/jwt", "'selector':{'matchLabels':{'app':'cart'}},'jwtRules':[{'issuer':'i','jwks':'{}'}]"), StringComparison.Ordinal);
        string keyless = Say("RequestAuthentication", "apps/jwt", "'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'jwtRules':[{'issuer':'i','jwksUri':'https://i/keys'}]");
        Assert.StartsWith("False/", keyless, StringComparison.Ordinal);
        Assert.Equal("True/Accepted: in force at waypoint apps/w", Say("Telemetry", "apps/t", "'metrics':[{'providers':[{'name':'prometheus'}]}]"));
        Assert.StartsWith("False/NoEffect: there is no waypoint", Say("Telemetry", "lonely/t", "'metrics':[{'providers':[{'name':'prometheus'}]}]"), StringComparison.Ordinal);
        Assert.StartsWith("False/", Say("Telemetry", "apps/t", "'accessLogging':[{'providers':[{'name':'nobody'}]}]"), StringComparison.Ordinal);
    }

    [Fact]
    public void APolicy_SaysWhatOfItIsNotInForce_AndNothingElse()
    {
        Assert.Equal("", Say("AuthorizationPolicy", "apps/p", "'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'action':'DENY','rules':[{'to':[{'operation':{'methods':['GET']}}]}]"));
        Assert.StartsWith(
            "False/", Say("AuthorizationPolicy", "apps/p", "'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'action':'CUSTOM','provider':{'name':'nobody'},'rules':[{}]"), StringComparison.Ordinal);
        Assert.Equal("", Say("AuthorizationPolicy", "apps/p", "'rules':[{}]"));
    }

    private string Say(string kind, string name, string spec)
    {
        _cluster.Set(kind, name, "},'spec':{" + spec + "}");
        _cluster.Take();
        return Text($"{kind} {name}");
    }

    private string Text(string name) => _cluster.Statuses.GetValueOrDefault(name)?.Wanted is [Condition { Type: "Reconciled" } only] ? $"{only.Status}/{only.Reason}: {only.Message}" : "";

    private void Service(string name, string? waypoint) => _cluster.Set(
        "Service", name, (waypoint is null ? "" : ",'labels':{'istio.io/use-waypoint':'" + waypoint + "'}") + "},'spec':{'clusterIP':'10.2.0.1','ports':[{'name':'http','port':80}]}");
}

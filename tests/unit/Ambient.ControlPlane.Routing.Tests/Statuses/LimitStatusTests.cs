using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests.Statuses;

/// <summary>What the status of a LocalRateLimit says about each of its targets, and what is in force meanwhile.</summary>
public sealed class LimitStatusTests
{
    private const string Cart = "{'group':'','kind':'Service','name':'cart'}";
    private const string Rules = "'rules':[{'limit':{'requests':5,'unit':'Second'}}]";
    private const string Wrong = "'rules':[{'limit':{'requests':5,'unit':'Day'}}]";
    private readonly RoutedCluster _cluster = new();

    public LimitStatusTests()
    {
        _cluster.Set("GatewayClass", "istio-waypoint", "},'spec':{'controllerName':'istio.io/mesh-controller'}");
        Gateway("apps/w", "istio-waypoint");
        Service("cart", "w", "{'name':'http','port':80}");
    }

    [Fact]
    public void ALimitThatIsRight_SaysWhereItIsInForce()
    {
        Assert.Equal("Service/cart True/Accepted: in force at waypoint apps/w", Judge(Rules));
        Assert.Equal(5u, Assert.Single(InForce()!.Rules).Requests);
        Assert.Equal("Service/cart True/Accepted: on trial at waypoint apps/w (spec.mode is DryRun): requests are counted, nobody is refused", Judge(Rules + ",'mode':'DryRun'"));
        Service("cart", "w", "{'name':'http','port':80},{'name':'tcp','port':90}");
        Assert.Equal("Service/cart True/Accepted: in force at waypoint apps/w; port 90 is not one of HTTP, nothing is limited there", Judge(Rules));
        _cluster.Set("LocalRateLimit", "apps/p", null);
        _cluster.Take();
        Assert.Null(InForce());
        Assert.DoesNotContain(_cluster.Waypoints.Judged, static said => said.Type.Kind == "LocalRateLimit");
    }

    [Fact]
    public void ATargetWithoutEffect_SaysWhy_UntilItHasOne()
    {
        Assert.StartsWith("Service/none False/TargetNotFound: spec.targetRefs[0]: there is no Service apps/none", Judge(Rules, "{'group':'','kind':'Service','name':'none'}"), StringComparison.Ordinal);
        Service("none", null, "{'name':'http','port':80}");
        Assert.StartsWith("Service/none False/NoEffect: Service apps/none has no waypoint", Take(), StringComparison.Ordinal);
        Service("none", "w", "{'name':'tcp','port':80}");
        Assert.StartsWith("Service/none False/NoEffect: no port of Service apps/none is one of HTTP", Take(), StringComparison.Ordinal);
        Service("none", "w", "{'name':'http','port':80}");
        Assert.Equal("Service/none True/Accepted: in force at waypoint apps/w", Take());
        Assert.NotNull(InForce());
        Service("none", null, "{'name':'http','port':80}");
        Assert.StartsWith("Service/none False/NoEffect", Take(), StringComparison.Ordinal);
        Assert.Null(InForce());
    }

    [Fact]
    public void AGateway_IsEverythingThatItServes()
    {
        Assert.StartsWith("Gateway/other False/TargetNotFound: spec.targetRefs[0]: there is no Gateway apps/other", Judge(Rules, Target("other")), StringComparison.Ordinal);
        Gateway("apps/other", "foreign");
        _cluster.Set("GatewayClass", "foreign", "},'spec':{'controllerName':'example.com/controller'}");
        Assert.StartsWith("Gateway/other False/NoEffect: Gateway apps/other is of class foreign, which is another controller's", Take(), StringComparison.Ordinal);
        Gateway("apps/other", "istio-east-west");
        Assert.StartsWith("Gateway/other False/NoEffect: Gateway apps/other is of class istio-east-west", Take(), StringComparison.Ordinal);
        Assert.Equal("Gateway/w True/Accepted: in force at Gateway apps/w, for all requests that it serves together", Judge(Rules, Target("w")));
        Assert.True(Assert.Single(InForce()!.Attachments).All);
    }

    [Fact]
    public void AVersionWithFaults_IsNamed_AndTheOneBeforeStaysInForce()
    {
        Judge(Rules);
        string said = Judge(Wrong, generation: 2);
        Assert.StartsWith("Service/cart False/Invalid: spec.rules[0].limit.unit is 'Day': it must be Second, Minute or Hour; generation 1 stays in force", said, StringComparison.Ordinal);
        Assert.Equal(2, _cluster.Statuses["LocalRateLimit apps/p"].Generation);
        Assert.Equal("spec.rules[0].limit.unit is 'Day': it must be Second, Minute or Hour", Assert.Single(_cluster.Said));
        Assert.Equal(5u, Assert.Single(InForce()!.Rules).Requests);

        // Another one does not take its place either, and what is good does.
        Judge("'rules':[]", generation: 3);
        Assert.Equal(5u, Assert.Single(InForce()!.Rules).Requests);
        Assert.Equal("Service/cart True/Accepted: in force at waypoint apps/w", Judge("'rules':[{'limit':{'requests':6,'unit':'Second'}}]", generation: 4));
        Assert.Equal(6u, Assert.Single(InForce()!.Rules).Requests);
    }

    [Fact]
    public void WithoutAGoodVersion_RulesThatMakeSense_AreInForce()
    {
        Assert.EndsWith("; nothing is limited", Judge(Wrong), StringComparison.Ordinal);
        Assert.Null(InForce());
        Assert.EndsWith("; the other rules are in force", Judge("'rules':[{'limit':{'requests':5,'unit':'Day'}},{'limit':{'requests':7,'unit':'Hour'}}]", generation: 2), StringComparison.Ordinal);
        Assert.Equal(7u, Assert.Single(InForce()!.Rules).Requests);
    }

    [Fact]
    public void EveryTarget_IsToldForItself()
    {
        Assert.Equal(
            "Service/cart True/Accepted: in force at waypoint apps/w, Service/none False/TargetNotFound: spec.targetRefs[1]: there is no Service apps/none",
            Judge(Rules, Cart + ",{'group':'','kind':'Service','name':'none'}," + Cart));
    }

    private static string Target(string gateway) => "{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'" + gateway + "'}";

    private string Judge(string spec, string targets = Cart, int generation = 1)
    {
        _cluster.Set("LocalRateLimit", "apps/p", $",'generation':{generation}}},'spec':{{'targetRefs':[{targets}],{spec}}}");
        return Take();
    }

    private string Take()
    {
        _cluster.Take();
        return string.Join(", ", _cluster.Statuses["LocalRateLimit apps/p"].Parents!.Select(static said => $"{said.Parent.Kind}/{said.Parent.Name} {Text(said)}"));
    }

    private static string Text(ParentConditions said)
    {
        Condition only = Assert.Single(said.Wanted!);
        Assert.Equal(("Accepted", "istio.io/mesh-controller"), (only.Type, said.Controller));
        return $"{only.Status}/{only.Reason}: {only.Message}";
    }

    private LimitPolicy? InForce() => (LimitPolicy?)_cluster.Resources.GetValueOrDefault("LimitPolicy apps/w/apps/p");

    private void Gateway(string name, string className) => _cluster.Set(
        "Gateway", name, "},'spec':{'gatewayClassName':'" + className + "','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.1.0.1'}]}");

    private void Service(string name, string? waypoint, string ports) => _cluster.Set(
        "Service", "apps/" + name, (waypoint is null ? "" : ",'labels':{'istio.io/use-waypoint':'" + waypoint + "'}") + "},'spec':{'clusterIP':'10.2.0." + name.Length + "','ports':[" + ports + "]}");
}

using Ambient.ControlPlane.Routing.Tests.Keys;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>A waypoint that a service has left serves it on for a moment, by what holds then and not by what held before.</summary>
public sealed class FormerWaypointTests
{
    private const string Routes = "ServiceRoutes apps/w/apps/cart.apps.svc.cluster.local";
    private static readonly TimeSpan Almost = TimeSpan.FromSeconds(9.9);
    private readonly StepClock _clock = new();
    private readonly RoutedCluster _cluster;

    public FormerWaypointTests()
    {
        _cluster = new RoutedCluster(clock: _clock);
        Gateway("w", "All");
        Gateway("v", "All");
        Cart("w");
        _cluster.Take();
    }

    [Theory]
    [InlineData("'istio.io/use-waypoint':'none'")]
    [InlineData("'istio.io/use-waypoint':'v'")]
    [InlineData("'istio.io/use-waypoint':'missing'")]
    public void ServiceThatIsNotBoundAnyMore_IsServedOn_AndThenNotAnyMore(string labels)
    {
        CartBy(labels);
        Assert.DoesNotContain("-", _cluster.Take(), StringComparison.Ordinal);
        _clock.Advance(Almost);
        Assert.DoesNotContain("-", _cluster.Take(), StringComparison.Ordinal);
        Assert.True(_cluster.Index.DueIn > TimeSpan.Zero);
        _clock.Advance(_cluster.Index.DueIn!.Value);
        Assert.Contains("-" + Routes, _cluster.Take(), StringComparison.Ordinal);
        Assert.Null(_cluster.Index.DueIn);
    }

    [Fact]
    public void Canary_ServesOn_AsWell()
    {
        CartBy("'istio.io/use-waypoint':'v','istio.io/use-waypoint-canary':'w'");
        Assert.Contains("+ServiceRoutes apps/v", _cluster.Take(), StringComparison.Ordinal);
        CartBy("'istio.io/use-waypoint':'v'");
        Assert.Equal("", _cluster.Take());
        _clock.Advance(_cluster.Index.DueIn!.Value);
        Assert.Contains("-" + Routes, _cluster.Take(), StringComparison.Ordinal);
    }

    /// <summary>Policies that come meanwhile are enforced where the service's callers still are.</summary>
    [Fact]
    public void PolicyThatComesMeanwhile_IsToldToTheFormerWaypoint()
    {
        Cart("v");
        _cluster.Take();
        _cluster.Set("AuthorizationPolicy", "apps/deny", "},'spec':{'targetRefs':[{'kind':'Service','group':'','name':'cart'}],'action':'DENY','rules':[{}]}");
        Assert.Equal("+AccessPolicy apps/v/apps/deny, +AccessPolicy apps/w/apps/deny", _cluster.Take());
        _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'cart'}],'rules':[{'backendRefs':[{'name':'gone','port':80}]}]}");
        Assert.Contains("+" + Routes, _cluster.Take(), StringComparison.Ordinal);
        Assert.Equal(500u, ((ServiceRoutes)_cluster.Resources[Routes]).Ports[0].HttpActions[0].Targets[0].FailStatus);
    }

    [Fact]
    public void ServiceThatIsGone_IsServedByNobody()
    {
        Cart("v");
        _cluster.Take();
        _cluster.Set("Service", "apps/cart", null);
        Assert.Contains("-" + Routes, _cluster.Take(), StringComparison.Ordinal);
    }

    [Fact]
    public void WaypointThatMayNotServeIt_DoesNotServeItOn()
    {
        Cart("v");
        _cluster.Take();
        Gateway("w", "None");
        Assert.Contains("-" + Routes, _cluster.Take(), StringComparison.Ordinal);
        Gateway("w", "All");
        Cart("w");
        Assert.Contains("+" + Routes, _cluster.Take(), StringComparison.Ordinal);
        _cluster.Set("Gateway", "apps/w", null);
        Assert.Contains("-" + Routes, _cluster.Take(), StringComparison.Ordinal);
    }

    [Fact]
    public void WaypointThatIsNamedAgain_IsNotLeftWhenTheOldTimeIsOver()
    {
        Cart("v");
        _cluster.Take();
        _clock.Advance(Almost);
        Cart("w");
        _cluster.Take();
        _clock.Advance(_cluster.Index.DueIn!.Value);
        Assert.DoesNotContain("-" + Routes, _cluster.Take(), StringComparison.Ordinal);

        // The other one has its own time.
        Assert.Contains("ServiceRoutes apps/v/apps/cart.apps.svc.cluster.local", _cluster.Resources.Keys);
        _clock.Advance(_cluster.Index.DueIn!.Value);
        Assert.Contains("-ServiceRoutes apps/v", _cluster.Take(), StringComparison.Ordinal);
        Assert.Contains(Routes, _cluster.Resources.Keys);
    }

    /// <summary>What is said of routes is what is, also meanwhile.</summary>
    [Fact]
    public void RouteOfAServiceWhoseNewWaypointIsMissing_IsNotCalledResolved()
    {
        _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'cart'}],'rules':[{'backendRefs':[{'name':'cart','port':80}]}]}");
        _cluster.Take();
        Assert.Contains("All waypoints resolved", Said(), StringComparison.Ordinal);
        Cart("missing");
        _cluster.Take();
        Assert.Contains("waypoint apps/missing is not bound to its services", Said(), StringComparison.Ordinal);
    }

    private string Said() => string.Join(' ', _cluster.Statuses["HTTPRoute apps/r"].Parents!.SelectMany(static parent => parent.Wanted ?? []).Select(static condition => condition.Message));

    private void Cart(string waypoint) => CartBy("'istio.io/use-waypoint':'" + waypoint + "'");

    private void CartBy(string labels) =>
        _cluster.Set("Service", "apps/cart", ",'labels':{" + labels + "}},'spec':{'selector':{'app':'cart'},'clusterIP':'10.1.0.1','ports':[{'name':'http','port':80}]}");

    private void Gateway(string name, string from) => _cluster.Set(
        "Gateway", "apps/" + name, "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE','allowedRoutes':{'namespaces':{'from':'" + from + "'}}}]},'status':{'addresses':[{'type':'IPAddress','value':'10.9.9.9'}]}");
}

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>What waypoints need to know of the mesh.</summary>
public sealed class WaypointNeedsTests
{
    private const string Own = "waypoint://apps/w";
    private readonly RoutedCluster _cluster = new();

    [Fact]
    public void AWaypoint_NeedsWhatItServes_AndWhatItsRoutesLeadTo()
    {
        Gateway("apps/w");
        Assert.Equal(Own, Needs());
        Service("apps/cart", "w");
        Service("apps/other", "none");
        Service("apps/third", "none");
        Assert.Equal("cart " + Own, Needs());
        Route("cart", "other", mirror: "third");
        Assert.Equal("cart other third " + Own, Needs());
        Route("cart", "third", mirror: null);
        Assert.Equal("cart third " + Own, Needs());
        Service("apps/cart", "none");
        Assert.Equal(Own, Needs());
        _cluster.Set("Gateway", "apps/w", null);
        Assert.Equal("", Needs());
    }

    [Fact]
    public void AWaypointOfARange_NeedsEverything()
    {
        Gateway("apps/w");
        Entry("10.9.0.0/16");
        Assert.Equal("everything", Needs());
        Entry("10.9.0.1");
        Assert.Equal("ext.example.com " + Own, Needs());
        Entry("10.9.0.0/16");
        Assert.Equal("everything", Needs());
    }

    [Fact]
    public void AnIngressGateway_NeedsEverything()
    {
        Gateway("apps/w");
        Assert.Equal(Own, Needs());
        Gateway("apps/w", "istio");
        Assert.Equal("everything", Needs());
        _cluster.Set("Gateway", "apps/w", null);
        Assert.Equal("", Needs());
    }

    private string Needs()
    {
        _cluster.Take();
        Assert.InRange(_cluster.Needs.Count, 0, 1);
        return _cluster.Needs.ContainsKey("*/apps/w") ? "everything"
            : _cluster.Needs.GetValueOrDefault("apps/w/needs") is not { } needs ? ""
            : string.Join(' ', needs.Select(static name => name.Replace("apps/", name.StartsWith("waypoint", StringComparison.Ordinal) ? "apps/" : "", StringComparison.Ordinal).Replace(".apps.svc.cluster.local", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private void Gateway(string name, string kind = "istio-waypoint") =>
        _cluster.Set("Gateway", name, "},'spec':{'gatewayClassName':'" + kind + "','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.0.0.9'}]}");

    private void Service(string name, string waypoint) =>
        _cluster.Set("Service", name, ",'labels':{'istio.io/use-waypoint':'" + waypoint + "'}},'spec':{'clusterIP':'10.1.0.1','selector':{'app':'x'},'ports':[{'port':80,'name':'http'}]}");

    private void Entry(string address) =>
        _cluster.Set("ServiceEntry", "apps/ext", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'hosts':['ext.example.com'],'addresses':['" + address + "'],'resolution':'NONE','ports':[{'number':80,'name':'http','protocol':'HTTP'}]}");

    private void Route(string host, string to, string? mirror) => _cluster.Set(
        "VirtualService",
        "apps/r",
        "},'spec':{'hosts':['" + host + "'],'http':[{" + (mirror is null ? "" : "'mirror':{'host':'" + mirror + "'},") + "'route':[{'destination':{'host':'" + to + "'}}]}]}");
}

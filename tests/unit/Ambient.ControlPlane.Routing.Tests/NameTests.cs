using Ambient.Protocol.L7;
using Kind = Ambient.Protocol.L7.NameResolution.Types.Kind;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>ServiceEntries whose endpoints are not told with their addresses.</summary>
public sealed class NameTests
{
    private readonly RoutedCluster _cluster = new();

    public NameTests() =>
        _cluster.Set("Gateway", "apps/w", "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.9.0.9'}]}");

    [Theory]
    [InlineData("DNS", "api.example.com", Kind.All)]
    [InlineData("DNS_ROUND_ROBIN", "api.example.com", Kind.First)]
    [InlineData("NONE", "api.example.com", Kind.AsDialled)]
    [InlineData("DYNAMIC_DNS", "*.example.com", Kind.ByRequest)]
    [InlineData("DYNAMIC_DNS", "api.example.com", Kind.All)]
    public void Resolutions_AreToldToTheWaypoint(string resolution, string host, Kind kind)
    {
        Entry(resolution, host);
        _cluster.Take();
        Assert.Equal(new NameResolution { Kind = kind }, Settings(host)!.Names);
        Assert.Empty(Settings(host)!.Policies);
    }

    [Fact]
    public void EndpointsWithAddresses_NeedNoWord_AndRacesAreAskedFor()
    {
        Entry("STATIC", "api.example.com");
        _cluster.Take();
        Assert.Null(Settings("api.example.com"));
        Entry("DNS", "api.example.com", annotations: ",'annotations':{'istio.io/connect-strategy':'RACE_FIRST_TCP_CONNECT'}");
        _cluster.Take();
        Assert.Equal(new NameResolution { Kind = Kind.First, Races = true }, Settings("api.example.com")!.Names);
    }

    [Fact]
    [Trait("behaviour", "CP-272")]
    public void AWildcardThatRequestsChooseFrom_IsRestrictedToItsHosts_AndSpeaksTlsToThem()
    {
        Entry("DYNAMIC_DNS", "*.example.com");
        _cluster.Set("DestinationRule", "apps/r", "},'spec':{'host':'*.example.com','trafficPolicy':{'tls':{'mode':'SIMPLE'}}}");
        _cluster.Take();
        Assert.Equal("*.example.com", Routes("*.example.com")!.Ports.Single().HostPattern);
        DestinationSettings settings = Settings("*.example.com")!;
        Assert.Equal(Kind.ByRequest, settings.Names.Kind);
        UpstreamTls tls = settings.Policies[0].Policy.Tls;

        // Whoever is asked for is who must be there.
        Assert.Equal(("", "", 0, false), (tls.Broken, tls.Sni, tls.SubjectAltNames.Count, tls.SkipVerify));
        Entry("DYNAMIC_DNS", "*.example.com", label: "none");
        _cluster.Take();
        Assert.Null(Routes("*.example.com"));
        Assert.Null(Settings("*.example.com"));
    }

    [Fact]
    public void InsideTheMesh_RequestsDoNotChooseNames()
    {
        Entry("DYNAMIC_DNS", "*.example.com", location: "MESH_INTERNAL");
        _cluster.Take();
        Assert.Equal(Kind.All, Settings("*.example.com")!.Names.Kind);
        Assert.Equal("", Routes("*.example.com")!.Ports.Single().HostPattern);
    }

    private void Entry(string resolution, string host, string label = "w", string location = "MESH_EXTERNAL", string annotations = "") => _cluster.Set(
        "ServiceEntry",
        "apps/out",
        ",'labels':{'istio.io/use-waypoint':'" + label + "'}" + annotations + "},'spec':{'hosts':['" + host + "'],'location':'" + location + "','resolution':'" + resolution + "','addresses':['10.96.7.1'],'ports':[{'number':80,'name':'http','protocol':'HTTP'}]}");

    private DestinationSettings? Settings(string host) => _cluster.Resources.TryGetValue("DestinationSettings apps/w/apps/" + host, out Google.Protobuf.IMessage? settings) ? (DestinationSettings)settings : null;

    private ServiceRoutes? Routes(string host) => _cluster.Resources.TryGetValue("ServiceRoutes apps/w/apps/" + host, out Google.Protobuf.IMessage? routes) ? (ServiceRoutes)routes : null;
}

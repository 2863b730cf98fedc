using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>TCPRoute and TLSRoute with a service as the parent (waypoint reference 2.4.2 and 5.4).</summary>
public sealed class ConnectionRouteTests
{
    private const string Bytes = "parentRefs: [{group: '', kind: Service, name: reviews, port: 9000}]";

    [Fact]
    public void BackendThatIsNotThere_RefusesItsShare_AndIsSaid()
    {
        Compiling mesh = Compiling.Of($$$"""TCPRoute a: { {{{Bytes}}}, rules: [{backendRefs: [{name: v1, port: 80, weight: 3}, {name: nowhere, port: 80}, {kind: Bucket, name: v2, port: 80}]}]}""");
        TcpRoute route = mesh.Port(9000).Tcp.Single();
        Assert.Equal(["v1.apps.svc.cluster.local 0 3", " 500 1", " 500 1"], route.Targets.Select(static target => $"{target.Destination?.Hostname} {target.FailStatus} {target.Weight}"));
        Assert.Contains(mesh.Messages, static text => text.Contains("BackendNotFound", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, static text => text.Contains("InvalidKind", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("port: 9000", "apps.a", "default")]
    [InlineData("sectionName: tcp", "apps.a", "default")]
    [InlineData("sectionName: https", "default", "apps.a")]
    [InlineData("sectionName: tcp, port: 443", "default", "default")]
    [InlineData("sectionName: other", "default", "default")]
    public void PortAndSectionOfTheParent_AreOnePortOfTheService(string parent, string ofBytes, string ofTls)
    {
        Compiling mesh = Compiling.Of($$$"""TCPRoute a: {parentRefs: [{group: '', kind: Service, name: reviews, {{{parent}}} }], rules: [{backendRefs: [{name: v2, port: 80}]}]}""");
        Assert.Equal((ofBytes, ofTls), (mesh.Port(9000).Tcp.Single().Name, mesh.Port(443).Tcp.Single().Name));
    }

    [Fact]
    public void ServerNames_ChooseAmongRoutes_AndWhoHasAnotherReachesTheService()
    {
        static string Route(string name, string hosts, string to) => $$$"""TLSRoute {{{name}}}: {parentRefs: [{group: '', kind: Service, name: reviews, port: 443}], hostnames: [{{{hosts}}}], rules: [{backendRefs: [{name: {{{to}}}, port: 80}]}]}""";
        Compiling mesh = Compiling.Of(Route("a", "a.example.com", "v1"), Route("b", "'*.b.example.com', b.example.com", "v2"));
        Assert.Equal(
            ["apps.a a.example.com v1", "apps.b *.b.example.com,b.example.com v2", "default  reviews"],
            mesh.Port(443).Tcp.Select(static route => $"{route.Name} {string.Join(',', route.ServerNames)} {route.Targets.Single().Destination.Hostname.Split('.')[0]}"));
    }
}

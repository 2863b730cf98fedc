using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>Rules for connections: TCP and TLS of VirtualServices, TCPRoute and TLSRoute.</summary>
public sealed class ConnectionRuleTests
{
    [Theory]
    [InlineData("tcp", 9000)]
    [InlineData("tls", 443)]
    public void ClientsOfAnotherNamespace_AreNobodyHere(string field, int port)
    {
        string rules = $"VirtualService a: {{hosts: [reviews], {field}: [{{match: [{{port: {port}, sourceNamespace: PLACE}}], route: [{{destination: {{host: v1}}}}]}}]}}";
        Compiling elsewhere = Compiling.Of(rules.Replace("PLACE", "elsewhere", StringComparison.Ordinal));
        Assert.Equal("reviews", Host(Assert.Single(elsewhere.Port(port).Tcp)));
        Assert.Contains($"VirtualService a NoEffect: spec.{field}[0].match[0].sourceNamespace is compared with the waypoint's namespace apps; the entry never matches", elsewhere.Messages);
        Compiling here = Compiling.Of(rules.Replace("PLACE", "apps", StringComparison.Ordinal));
        Assert.Equal("v1", Host(here.Port(port).Tcp[0]));
        Assert.Empty(here.Messages);
    }

    [Fact]
    public void EachEntry_IsAConditionOfItsOwn()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              tls:
              - match: [{sniHosts: [a.example, b.example]}, {port: 81, sniHosts: [c.example]}, {sniHosts: [reviews.apps.svc.cluster.local]}, {sniHosts: [d.example]}]
                route: [{destination: {host: v1, port: {number: 80}}, weight: 3}, {destination: {host: v2}, weight: 1}]
            """);
        Assert.Equal(["a.example b.example", ""], mesh.Port(443).Tcp.Select(static route => string.Join(' ', route.ServerNames)));
        Assert.All(mesh.Port(443).Tcp, static route => Assert.Equal([3u, 1u], route.Targets.Select(static target => target.Weight)));
    }

    [Theory]
    [InlineData("TCPRoute")]
    [InlineData("TLSRoute")]
    public void OfRoutesForConnections_TheFirstRuleCounts_AndOthersAreNamed(string kind)
    {
        Compiling mesh = Compiling.Of($"{kind} a: {{parentRefs: [{{group: '', kind: Service, name: reviews, port: 9000}}], rules: [{{backendRefs: [{{name: v1, port: 80}}]}}, {{backendRefs: [{{name: v2, port: 80}}]}}, {{}}]}}");
        Assert.Equal("v1", Host(mesh.Port(9000).Tcp[0]));
        Assert.Equal(
            [$"{kind} a UnsupportedValue: spec.rules[1] has no effect: of a {kind} the first rule alone is in force; write a route of its own", $"{kind} a UnsupportedValue: spec.rules[2] has no effect: of a {kind} the first rule alone is in force; write a route of its own"],
            mesh.Messages);
    }

    private static string Host(TcpRoute route) => route.Targets[0].Destination.Hostname.Split('.')[0];
}

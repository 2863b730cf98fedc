using Ambient.Mesh.Routing;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Routing;

/// <summary>Where a gateway hands on what comes from another network (control-plane reference 9.11 and 9.12).</summary>
public sealed class CrossingTests
{
    private readonly TestMesh _mesh = new();

    public CrossingTests() => _mesh.Put(Service("web.com", "near/10.1.0.1"));

    [Fact]
    public void EndpointsOnTheOwnNetworkThatTakeHbone_AreChosenByWeight()
    {
        _mesh.Put(Member("a", "10.0.0.1", more: spec => spec.Capacity = 3), Member("b", "10.0.0.2"), Member("plain", "10.0.0.3", protocol: TunnelProtocol.None), Member("far", "10.0.0.4", network: "far"), Member("none", "10.0.0.5", more: spec => spec.Capacity = 0));
        int[] seen = new int[3];
        for (int seed = 0; seed < 4000; seed++)
        {
            string way = Resolve("web.com:80", random: new Random(seed));
            seen[way switch { "10.0.0.1:15008" => 0, "10.0.0.2:15008" => 1, _ => 2 }]++;
        }

        Assert.Equal(0, seen[2]);
        Assert.InRange(seen[0], 2800, 3200);
    }

    [Fact]
    public void ThoseThatFailed_AreNotTriedAgain()
    {
        _mesh.Put(Member("a", "10.0.0.1"), Member("b", "10.0.0.2"));
        Assert.Equal("10.0.0.2:15008", Resolve("web.com:80", avoided: ["cluster1//Pod/ns/a"]));
        Assert.Equal("no endpoint of the service on this network takes HBONE", Resolve("web.com:80", avoided: ["cluster1//Pod/ns/a", "cluster1//Pod/ns/b"]));
    }

    [Theory]
    [InlineData("web.com:81", "no service of that name is reachable from other networks at this port")]
    [InlineData("other.com:80", "no service of that name is reachable from other networks at this port")]
    [InlineData("10.0.0.1:80", "the authority is not the host name of a service and its port")]
    [InlineData("web.com", "the authority is not the host name of a service and its port")]
    public void WhatIsNotServed_LeadsNowhere(string authority, string error)
    {
        _mesh.Put(Service("other.com", "near/10.1.0.2"));
        _mesh.Put(Member("a", "10.0.0.1"));
        Assert.Equal(error, Resolve(authority));
    }

    [Theory]
    [InlineData(null, "10.0.0.9:15008")]
    [InlineData("gateway", "10.0.0.9:15008")]
    [InlineData("waypoint", "10.0.0.1:15008")]
    public void Waypoint_IsOnTheWay_UnlessTheCallerIsOne(string? source, string way)
    {
        _mesh.Put(
            Service("web.com", "near/10.1.0.1", spec => spec.Waypoint = Gateway("ns/wp.com", 15008)),
            Service("wp.com", "near/10.1.0.9", spec => spec.Ports = Ambient.Mesh.Services.PortMap.Of((15008, 15008))));
        _mesh.Put(Member("a", "10.0.0.1"), Workload("wp", "10.0.0.9", spec =>
        {
            spec.Network = "near";
            Join(spec, "wp.com", (15008, 15008));
        }));
        Assert.Equal(way, Resolve("web.com:80", source));
    }

    [Fact]
    public void WaypointElsewhere_IsNotPassedBy()
    {
        _mesh.Put(
            Service("web.com", "near/10.1.0.1", spec => spec.Waypoint = Gateway("ns/wp.com", 15008)),
            Service("wp.com", "near/10.1.0.9", spec => spec.Ports = Ambient.Mesh.Services.PortMap.Of((15008, 15008))));
        _mesh.Put(Member("a", "10.0.0.1"));
        Assert.StartsWith("no instance of the waypoint", Resolve("web.com:80"), StringComparison.Ordinal);
    }

    private static Workload Member(string name, string address, string network = "near", TunnelProtocol protocol = TunnelProtocol.Hbone, Action<WorkloadSpec>? more = null) => Workload(name, address, spec =>
    {
        spec.Network = network;
        spec.Protocol = protocol;
        Join(spec, "web.com", (80, 8080));
        more?.Invoke(spec);
    });

    private string Resolve(string authority, string? source = null, HashSet<string>? avoided = null, Random? random = null)
    {
        var query = new CrossingQuery { Authority = authority, Source = source, Network = "near", IsServed = static (service, port) => service.Hostname == "web.com" && port == 80, Avoided = avoided };
        return CrossingResolver.TryResolve(_mesh.View, query, random ?? new Random(1), out Crossing? crossing, out string? error) ? crossing.Dial.ToString() : error;
    }
}

using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>What an authority means, and what it never means.</summary>
public sealed class TunnelTargetTests
{
    private static readonly NamespacedHostname Cart = new("bench", "cart.bench.svc.cluster.local");

    [Theory]
    [Trait("behaviour", "WP-1")]
    [Trait("behaviour", "WP-2")]
    [Trait("behaviour", "WP-3")]
    [Trait("behaviour", "WP-4")]
    [Trait("behaviour", "WP-5")]
    [Trait("behaviour", "WP-6")]
    [InlineData("10.96.0.1:80", "service")]
    [InlineData("10.96.0.1:81", "nothing")] // served, and no such port
    [InlineData("10.96.0.2:80", "nothing")] // not bound
    [InlineData("10.97.3.4:80", "service")] // a range
    [InlineData("10.0.0.1:8080", "uid-bound")]
    [InlineData("10.0.0.1:1", "uid-bound")] // any port
    [InlineData("10.0.0.2:8080", "uid-named")]
    [InlineData("10.0.0.3:8080", "nothing")] // bound to another waypoint
    [InlineData("10.0.0.4:8080", "nothing")] // bound to none
    [InlineData("10.0.0.9:15000", "nothing")] // the waypoint itself
    [InlineData("127.0.0.1:15000", "nothing")]
    [InlineData("[::1]:80", "nothing")]
    [InlineData("cart.bench.svc.cluster.local:80", "nothing")]
    [InlineData("bound:8080", "nothing")]
    [InlineData("10.0.0.1", "nothing")]
    [InlineData("10.0.0.1:0", "nothing")]
    [InlineData("", "nothing")]
    public void Authority_IsAServiceOrAWorkloadOfThisWaypoint_OrNothing(string authority, string expected) =>
        Assert.Equal(expected, Find(authority, servesHosts: false));

    [Theory]
    [InlineData("cart.bench.svc.cluster.local:80", "service")]
    [InlineData("CART.bench.svc.cluster.local:80", "nothing")] // exactly as it is named
    [InlineData("cart.bench.svc.cluster.local:81", "nothing")]
    [InlineData("cart.bench.svc.cluster.local.:80", "nothing")]
    [InlineData("headless.bench.svc.cluster.local:80", "nothing")] // no address, so nobody could have dialled it
    [InlineData("other.bench.svc.cluster.local:80", "nothing")]
    [InlineData("bound:8080", "nothing")] // workloads have addresses alone
    [InlineData("10.0.0.1:8080", "uid-bound")]
    public void HostNames_AreServed_WhereThereAreSeveralNetworks(string authority, string expected) =>
        Assert.Equal(expected, Find(authority, servesHosts: true));

    [Fact]
    public void Address_OfAServiceOfThisWaypoint_ComesBeforeTheWorkloads()
    {
        MeshState mesh = Mesh();
        MeshBatch batch = new();
        batch.Workloads.Add(Bound("uid-same", "10.96.0.1", "10.0.0.9"));
        mesh.Apply(batch);
        Assert.True(TunnelTarget.TryFind("10.96.0.1:80", "", null, Configuration(false), mesh.Current, out TunnelTarget? target));
        Assert.Null(target.Dialled);
        Assert.False(TunnelTarget.TryFind("10.96.0.1:81", "", null, Configuration(false), mesh.Current, out _));
    }

    [Theory]
    [InlineData("10.0.0.9", "uid-covered")]
    [InlineData("10.0.0.8", null)] // another waypoint's
    [InlineData(null, null)] // nobody's
    public void PodInTheRangeOfAService_IsMeantItself(string? waypoint, string? expected)
    {
        MeshState mesh = Mesh();
        MeshBatch batch = new();
        batch.Workloads.Add(Bound("uid-covered", "10.97.3.4", waypoint));
        mesh.Apply(batch);
        bool isFound = TunnelTarget.TryFind("10.97.3.4:80", "", null, Configuration(false), mesh.Current, out TunnelTarget? target);
        Assert.Equal((expected is not null, expected), (isFound, target?.Dialled?.Uid));
        Assert.True(TunnelTarget.TryFind("10.97.3.5:80", "", null, Configuration(false), mesh.Current, out target));
        Assert.Null(target.Dialled);
    }

    /// <summary>What another configuration could serve is worth a moment; what no change would is not.</summary>
    [Theory]
    [InlineData("10.96.0.2:80", true)] // a service that is not bound yet
    [InlineData("10.99.0.1:80", true)] // one that nobody has told of
    [InlineData("10.0.0.4:8080", true)] // a workload
    [InlineData("10.96.0.1:81", false)] // served, and no such port
    [InlineData("other.bench.svc.cluster.local:80", false)] // host names mean nothing here
    [InlineData("10.0.0.1", false)]
    [InlineData("", false)]
    public void WhatIsNotServed_MayCome_UnlessItNeverWill(string authority, bool expected)
    {
        Assert.Equal("nothing", Find(authority, servesHosts: false));
        Assert.Equal(expected, TunnelTarget.MayCome(authority, "", Configuration(false), Mesh().Current));
    }

    [Fact]
    public void PortThatTheServiceHas_AndItsRoutesDoNot_MayCome()
    {
        MeshState mesh = Mesh();
        MeshBatch batch = new();
        batch.Services.Add(Service("cart", "10.96.0.1", null, 80, 81));
        mesh.Apply(batch);
        Assert.True(TunnelTarget.MayCome("10.96.0.1:81", "", Configuration(false), mesh.Current));
        Assert.False(TunnelTarget.MayCome("10.96.0.1:82", "", Configuration(false), mesh.Current));
        Assert.True(TunnelTarget.MayCome("other.bench.svc.cluster.local:80", "", Configuration(true), mesh.Current));
    }

    private static string Find(string authority, bool servesHosts)
    {
        bool isFound = TunnelTarget.TryFind(authority, "", "bench", Configuration(servesHosts), Mesh().Current, out TunnelTarget? target);
        return !isFound ? "nothing" : target!.Dialled is { } dialled ? dialled.Uid : target.Served.Service == Cart ? "service" : "another";
    }

    private static WaypointConfiguration Configuration(bool servesHosts)
    {
        WaypointConfiguration? now = null;
        ConfigurationStore store = new("cluster.local", configuration => now = configuration, static _ => { });
        ServiceRoutes cart = new() { Namespace = Cart.Namespace, Hostname = Cart.Hostname, Ports = { new PortRoutes { Port = 80, Protocol = PortProtocol.Http } } };
        ServiceRoutes headless = new() { Namespace = "bench", Hostname = "headless.bench.svc.cluster.local", Ports = { new PortRoutes { Port = 80, Protocol = PortProtocol.Http } } };
        store.Apply(new ConfigurationChange
        {
            Settings = new WaypointSettings { OwnNames = { "10.0.0.9", "bench/waypoint.bench" }, ServesHostNames = servesHosts },
            Routes = new ConfigurationPart<ServiceRoutes>(new Dictionary<string, ServiceRoutes> { ["cart"] = cart, ["headless"] = headless }, []),
        });
        return now!;
    }

    private static MeshState Mesh()
    {
        MeshState mesh = new();
        MeshBatch batch = new();
        batch.Services.Add(Service("cart", "10.96.0.1", "10.97.0.0/16"));
        batch.Services.Add(Service("other", "10.96.0.2", null));
        batch.Services.Add(Service("headless", null, null));
        batch.Workloads.AddRange([Bound("uid-bound", "10.0.0.1", "10.0.0.9"), Bound("uid-elsewhere", "10.0.0.3", "10.0.0.8"), Bound("uid-free", "10.0.0.4", null), Bound("uid-self", "10.0.0.9", null)]);
        batch.Workloads.Add(new Workload(new WorkloadSpec { Uid = "uid-named", Name = "named", Namespace = "bench", Addresses = { IpAddress.Parse("10.0.0.2") }, Waypoint = GatewayAddress.To(new NamespacedHostname("bench", "waypoint.bench"), 15008) }));
        mesh.Apply(batch);
        return mesh;
    }

    private static Workload Bound(string uid, string address, string? waypoint) => new(new WorkloadSpec
    {
        Uid = uid,
        Name = "bound",
        Namespace = "bench",
        Hostname = "bound",
        Addresses = { IpAddress.Parse(address) },
        Waypoint = waypoint is null ? null : GatewayAddress.To(new NetworkAddress("", IpAddress.Parse(waypoint)), 15008),
    });

    private static Service Service(string name, string? address, string? range, params int[] ports)
    {
        ServiceSpec spec = new() { Name = name, Namespace = "bench", Hostname = $"{name}.bench.svc.cluster.local", Ports = PortMap.Of([.. (ports.Length > 0 ? ports : [80]).Select(static port => (port, 8080))]) };
        if (address is not null)
        {
            spec.Vips.Add(new NetworkAddress("", IpAddress.Parse(address)));
        }

        if (range is not null)
        {
            spec.CidrVips.Add(new NetworkPrefix("", IpPrefix.Parse(range)));
        }

        return new Service(spec);
    }
}

using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;

namespace Ambient.Waypoint.Tests.Balancing;

/// <summary>Who is on another network: behind its gateways, and nowhere else.</summary>
public sealed class FarEndpointTests
{
    private static readonly NamespacedHostname Reviews = new("apps", "reviews.apps.svc.cluster.local");
    private static readonly NamespacedHostname Waypoint = new("infra", "waypoint.infra.svc.cluster.local");
    private static readonly NamespacedHostname Crossing = new("infra", "ew.infra.svc.cluster.local");
    private static readonly NetworkAddress At = new("far", IpAddress.Parse("172.16.0.1"));

    [Fact]
    public void Workloads_BehindOneGateway_AreOneEndpoint_WithTheWeightOfAll()
    {
        Candidate only = Assert.Single(Make("near", null, Far("1", Reviews, GatewayAddress.To(At, 15009), "10.0.0.1", 2), Far("2", Reviews, GatewayAddress.To(At, 15009), null, 3), Gateway("gateway", "172.16.0.1")));
        Assert.Equal("172.16.0.1:15009", only.Key.Text);
        Assert.Equal(5, only.Weight);
        FarSide far = only.Key.Far!;
        Assert.Equal("reviews.apps.svc.cluster.local:80", far.Authority);
        Assert.Equal(["spiffe://cluster.local/ns/infra/sa/gateway"], far.Gateway.Select(static id => id.ToString()));
        Assert.Equal(["spiffe://cluster.local/ns/apps/sa/reviews"], far.Members.Select(static id => id.ToString()));
        Assert.False(far.IsWaypoint);
    }

    [Fact]
    public void InstancesOfAGateway_ShareTheWeight_AndArePortsOfItsService()
    {
        Candidate[] all = Make("near", null, Far("1", Reviews, GatewayAddress.To(Crossing, 15008), null, 4), Gateway("one", "172.16.0.1", Crossing), Gateway("two", "172.16.0.2", Crossing));
        Assert.Equal(["172.16.0.1:15443", "172.16.0.2:15443"], all.Select(static candidate => candidate.Key.Text).Order());
        Assert.All(all, static candidate => Assert.Equal(2, candidate.Weight));
        Assert.NotEqual(all[0].Key, all[1].Key);
    }

    [Fact]
    public void Workload_IsNotFar_OnTheOwnNetwork_WithoutAGateway_AndForWhoDoesNotTunnel()
    {
        Workload flat = Far("1", Reviews, null, "10.0.0.1", 1), far = Far("2", Reviews, GatewayAddress.To(At, 15009), "10.0.0.2", 1);
        Assert.Equal(["10.0.0.1:8080"], Make("near", null, flat).Select(static candidate => candidate.Key.Text));
        Assert.Equal(["10.0.0.2:8080"], Make("far", null, far, Gateway("gateway", "172.16.0.1")).Select(static candidate => candidate.Key.Text));
        Assert.Equal(["10.0.0.2:8080"], Make(null, null, far).Select(static candidate => candidate.Key.Text));
    }

    [Fact]
    public void WhoTakesNoTunnel_OrHasAGatewayThatNobodyKnows_IsNowhere()
    {
        Assert.Empty(Make("near", null, Far("1", Reviews, GatewayAddress.To(At, 15009), "10.0.0.1", 1, TunnelProtocol.None), Gateway("gateway", "172.16.0.1")));
        Assert.Empty(Make("near", null, Far("1", Reviews, GatewayAddress.To(At, 15009), "10.0.0.1", 1)));
    }

    [Fact]
    public void SamePlaceBehindTheSameGateway_IsTheSameEndpoint_OtherAnswersAreAnother()
    {
        EndpointKey key = Make("near", null, Far("1", Reviews, GatewayAddress.To(At, 15009), null, 1), Gateway("gateway", "172.16.0.1"))[0].Key;
        Assert.Equal(key, key with { Far = key.Far! with { } });
        Assert.NotEqual(key, key with { Far = null });
        Assert.NotEqual(key, key with { Far = key.Far! with { Members = IdentitySet.Empty } });
    }

    [Fact]
    public void WaypointOfAnotherNetwork_IsUsed_WhereNoInstanceIsNear()
    {
        GatewayAddress through = GatewayAddress.To(Waypoint, 15008);
        Workload far = Far("1", Waypoint, GatewayAddress.To(At, 15009), null, 1), gateway = Gateway("gateway", "172.16.0.1");
        Candidate only = Assert.Single(Make("near", through, far, gateway));
        Assert.Equal("172.16.0.1:15009", only.Key.Text);
        Assert.True(only.Key.Far!.IsWaypoint);
        Assert.Equal("reviews.apps.svc.cluster.local:80", only.Key.Far.Authority);
        Assert.Equal(["spiffe://cluster.local/ns/infra/sa/waypoint"], only.Key.Far.Members.Select(static id => id.ToString()));
        Candidate near = Assert.Single(Make("near", through, far, gateway, Gateway("near", "10.0.0.9", Waypoint, "near")));
        Assert.Null(near.Key.Far);
        Assert.Equal("10.0.0.9:15008", near.Key.Via.ToString());
    }

    private static Candidate[] Make(string? network, GatewayAddress? waypoint, params Workload[] workloads)
    {
        MeshState mesh = new();
        MeshBatch batch = new();
        batch.Services.Add(Service(Reviews, "apps", "reviews", PortMap.Of((80, 8080)), waypoint));
        batch.Services.Add(Service(Waypoint, "infra", "waypoint", PortMap.Of((15008, 15008)), null));
        batch.Services.Add(new Service(new ServiceSpec { Name = "ew", Namespace = "infra", Hostname = Crossing.Hostname, Ports = PortMap.Of((15008, 15443)) }));
        batch.Workloads.AddRange(workloads);
        mesh.Apply(batch);
        DestinationState state = new(Reviews, 80, "", network: () => network);
        Assert.True(state.TryGet(mesh.Current, new DestinationSettings { ThroughWaypoint = waypoint is not null }, out _, out Candidate[] candidates));
        return candidates;
    }

    private static Service Service(NamespacedHostname name, string @namespace, string account, PortMap ports, GatewayAddress? waypoint)
    {
        ServiceSpec spec = new() { Name = account, Namespace = @namespace, Hostname = name.Hostname, Ports = ports, Waypoint = waypoint, Vips = { new NetworkAddress("near", IpAddress.Parse("10.96.0.1")) } };
        spec.SubjectAltNames.Add($"spiffe://cluster.local/ns/{@namespace}/sa/{account}");
        return new Service(spec);
    }

    private static Workload Far(string uid, NamespacedHostname service, GatewayAddress? gateway, string? address, uint capacity, TunnelProtocol protocol = TunnelProtocol.Hbone)
    {
        WorkloadSpec spec = new()
        {
            Uid = uid,
            Name = uid,
            Namespace = service.Namespace,
            Network = "far",
            NetworkGateway = gateway,
            Capacity = capacity,
            Protocol = protocol,
            Services = { new ServiceMembership(service, service == Reviews ? PortMap.Of((80, 8080)) : PortMap.Of((15008, 15008))) },
        };
        if (address is not null)
        {
            spec.Addresses.Add(IpAddress.Parse(address));
        }

        return new Workload(spec);
    }

    private static Workload Gateway(string name, string address, NamespacedHostname? service = null, string network = "far")
    {
        WorkloadSpec spec = new()
        {
            Uid = "uid-" + name,
            Name = name,
            Namespace = "infra",
            TrustDomain = "cluster.local",
            ServiceAccount = name,
            Network = network,
            Addresses = { IpAddress.Parse(address) },
            Protocol = TunnelProtocol.Hbone,
        };
        if (service is { } member)
        {
            spec.Services.Add(new ServiceMembership(member, PortMap.Of()));
        }

        return new Workload(spec);
    }
}

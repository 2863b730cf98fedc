using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;

namespace Ambient.Waypoint.Tests.Balancing;

/// <summary>The way through a service's waypoints, which may have several instances each.</summary>
public sealed class WaypointHopTests
{
    private static readonly NamespacedHostname First = new("infra", "first.infra.svc.cluster.local");
    private static readonly NamespacedHostname Second = new("infra", "second.infra.svc.cluster.local");

    [Fact]
    [Trait("behaviour", "WP-249")]
    public void Weight_IsTheWaypoints_HoweverManyInstancesItHas()
    {
        Dictionary<string, int> chosen = Make(null, 75, 25).Count(4000);
        Assert.Equal(["0", "1", "2", "3"], chosen.Keys.Order());
        Assert.InRange(chosen["3"], 880, 1120);
        Assert.Equal(["3"], Make(null, 0, 100).Count(100).Keys);
        Assert.Equal(["0", "1", "2"], Make(null, 100, 0).Count(100).Keys.Order());
    }

    [Theory]
    [InlineData(true, "0,1,2,3")]
    [InlineData(false, "0,1,2")]
    public void WhereTheServiceWantsItsEndpoints_SaysNothingAboutItsWaypoints(bool isWeighted, string expected)
    {
        // They are on nodes of which none is ours.
        LoadBalancing strict = new([RoutingScope.Node], LoadBalancingMode.Strict, HealthPolicy.OnlyHealthy);
        Dictionary<string, int> chosen = (isWeighted ? Make(strict, 50, 50) : Make(strict, null, null)).Count(400);
        Assert.Equal(expected, string.Join(',', chosen.Keys.Order()));
    }

    [Fact]
    public void Instances_HaveHashesOfTheirOwn()
    {
        Candidate[] candidates = Make(null, 50, 50).Candidates;
        Assert.Equal(4, candidates.Select(static candidate => candidate.Hash).Distinct().Count());
    }

    private static (DestinationState State, TrafficPolicy Policy, Candidate[] Candidates) Make(LoadBalancing? preferences, uint? first, uint? second)
    {
        MeshState mesh = new();
        MeshBatch batch = new();
        ServiceSpec reviews = new()
        {
            Name = "reviews",
            Namespace = Endpoints.Key.Namespace,
            Hostname = Endpoints.Key.Hostname,
            Ports = PortMap.Of((80, 8080)),
            Vips = { new NetworkAddress("", IpAddress.Parse("10.96.0.1")) },
            LoadBalancing = preferences,
            Waypoint = first is null ? GatewayAddress.To(First, 15008) : null,
        };
        if (first is { } one && second is { } two)
        {
            reviews.WeightedWaypoints.AddRange([new WeightedWaypoint(GatewayAddress.To(First, 15008), one), new WeightedWaypoint(GatewayAddress.To(Second, 15008), two)]);
        }

        batch.Services.Add(new Service(reviews));
        foreach ((NamespacedHostname name, int[] instances) in new[] { (First, (int[])[0, 1, 2]), (Second, [3]) })
        {
            batch.Services.Add(new Service(new ServiceSpec { Name = name.Hostname.Split('.')[0], Namespace = name.Namespace, Hostname = name.Hostname, Ports = PortMap.Of((15008, 15008)) }));
            batch.Workloads.AddRange(instances.Select(number => new Workload(new WorkloadSpec
            {
                Uid = $"uid-{number}",
                Name = $"instance-{number}",
                Namespace = name.Namespace,
                Node = $"node-{number}",
                Addresses = { IpAddress.Parse($"10.0.0.{number + 1}") },
                Protocol = TunnelProtocol.Hbone,
                Services = { new ServiceMembership(name, PortMap.Of((15008, 15008))) },
            })));
        }

        mesh.Apply(batch);
        Workload self = new(new WorkloadSpec { Uid = "self", Name = "self", Namespace = "infra", Node = "own", Addresses = { IpAddress.Parse("10.9.9.9") } });
        DestinationState state = new(Endpoints.Key, 80, "", _ => self);
        Assert.True(state.TryGet(mesh.Current, new DestinationSettings { ThroughWaypoint = true }, out TrafficPolicy used, out Candidate[] candidates));
        return (state, used, candidates);
    }
}

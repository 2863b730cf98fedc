using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;

namespace Ambient.Waypoint.Tests.Balancing;

public sealed class LocalityTests
{
    private static readonly string[] Places = ["a/1/x", "a/1/y", "a/2/x", "b/1/x", "c/1/x"];

    [Fact]
    [Trait("behaviour", "WP-118")]
    public void Failover_NeedsOutlierDetection_AndGoesFromNearToFar()
    {
        Assert.Equal(5, Endpoints.Make(new TrafficPolicy(), null, Places).Count(500).Count);
        var made = Endpoints.Make(new TrafficPolicy { Outliers = Endpoints.Outliers }, null, Places);
        Assert.Equal(["0"], made.Count(200).Keys);
        made.Eject(0);
        Assert.Equal(["1"], made.Count(200).Keys);
        made.Eject(1);
        Assert.Equal(["2"], made.Count(200).Keys);
        made.Eject(2);
        Assert.Equal(["3", "4"], made.Count(200).Keys.Order());
        made.Eject(3, 4);
        Assert.Null(made.State.Choose(made.Candidates, made.Policy, null, null, new Random(1), 0));
    }

    [Fact]
    public void Failover_GoesToTheRegionThatIsNamed()
    {
        TrafficPolicy policy = new() { Outliers = Endpoints.Outliers, Locality = new LocalityPolicy { Failover = { new LocalityFailover { From = "a", To = "c" } } } };
        var made = Endpoints.Make(policy, null, Places);
        made.Eject(0, 1, 2);
        Assert.Equal(["4"], made.Count(200).Keys);
        Assert.Equal(5, Endpoints.Make(new TrafficPolicy { Outliers = Endpoints.Outliers, Locality = new LocalityPolicy { Disabled = true } }, null, Places).Count(500).Count);
    }

    [Fact]
    public void Priority_SpillsOver_InProportion()
    {
        var made = Endpoints.Make(new TrafficPolicy { Outliers = Endpoints.Outliers }, null, "a/1/x", "a/1/x", "a/1/x", "a/1/x", "b/1/x");
        made.Eject(0);
        Assert.DoesNotContain("4", made.Count(500).Keys);
        made.Eject(1);
        // Half of the first priority is healthy: 1.4 × 50 % stay.
        Assert.InRange(made.Count(2000)["4"], 500, 700);
    }

    [Fact]
    public void Labels_AreComparedInOrder()
    {
        TrafficPolicy policy = new() { Outliers = Endpoints.Outliers, Locality = new LocalityPolicy { PriorityLabels = { "topology.kubernetes.io/zone", "topology.kubernetes.io/region" } } };
        var made = Endpoints.Make(policy, null, Places);
        Assert.Equal(["0", "1"], made.Count(200).Keys.Order());
        made.Eject(0, 1);
        Assert.Equal(["3", "4"], made.Count(200).Keys.Order());
        made.Eject(3, 4);
        Assert.Equal(["2"], made.Count(200).Keys);
    }

    [Fact]
    [Trait("behaviour", "WP-119")]
    public void Distribute_GivesShares_AndNothingToOthers()
    {
        TrafficPolicy policy = new() { Locality = new LocalityPolicy { Distribute = { new LocalityShare { From = "a/*", To = { ["a/1/*"] = 80, ["b/*"] = 20 } } } } };
        Dictionary<string, int> counts = Endpoints.Make(policy, null, Places).Count(2000);
        Assert.Equal(["0", "1", "3"], counts.Keys.Order());
        Assert.InRange(counts["0"] + counts["1"], 1520, 1680);
        Assert.InRange(counts["0"], 720, 880);
    }

    [Fact]
    [Trait("behaviour", "WP-120")]
    public void Service_PrefersWhatIsClose_WithoutOutlierDetection()
    {
        LoadBalancing close = new([RoutingScope.Network, RoutingScope.Region, RoutingScope.Zone], LoadBalancingMode.Failover, HealthPolicy.OnlyHealthy);
        Assert.Equal(["0", "1"], Endpoints.Make(new TrafficPolicy(), close, Places).Count(200).Keys.Order());
        Assert.Equal(["2"], Endpoints.Make(new TrafficPolicy(), close, "b/1/x", "b/2/x", "a/2/x").Count(200).Keys);
        Assert.Empty(Endpoints.Make(new TrafficPolicy(), close with { Mode = LoadBalancingMode.Strict }, "b/1/x").Candidates);
        Assert.Equal(5, Endpoints.Make(new TrafficPolicy { Locality = new LocalityPolicy { Disabled = true } }, close, Places).Count(500).Count);
    }

    [Fact]
    [Trait("behaviour", "WP-121")]
    public void Weights_AreShares()
    {
        foreach (Protocol.L7.Balancing balancing in new[] { Protocol.L7.Balancing.RoundRobin, Protocol.L7.Balancing.Random, Protocol.L7.Balancing.LeastRequest })
        {
            Dictionary<string, int> counts = Endpoints.Make(new TrafficPolicy { Balancing = balancing }, null, "a/1/x:1", "a/1/x:3").Count(2000);
            Assert.InRange(counts["1"], 1420, 1580);
        }
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("a", true)]
    [InlineData("a/*", true)]
    [InlineData("a/1/*", true)]
    [InlineData("a/1/x", true)]
    [InlineData("a/1/y", false)]
    [InlineData("a/2/*", false)]
    [InlineData("b/*", false)]
    [InlineData("", false)]
    public void Places_HaveWildcards(string pattern, bool isMatch) => Assert.Equal(isMatch, LocalityPlan.Matches(pattern, new Locality("a", "1", "x")));
}

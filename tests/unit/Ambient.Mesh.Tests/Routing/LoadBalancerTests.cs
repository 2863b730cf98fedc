using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Routing;

/// <summary>The table of ztunnel.md 12 C.</summary>
public class LoadBalancerTests
{
    private static readonly RoutingScope[] Preferences = [RoutingScope.Network, RoutingScope.Region, RoutingScope.Zone];
    private readonly TestMesh _mesh = new();

    [Theory]
    [Trait("behaviour", "ZT-51")]
    [Trait("behaviour", "ZT-52")]
    [Trait("behaviour", "ZT-53")]
    [InlineData(0, 9090, 0, false, 9090)]
    [InlineData(8080, 0, 0, false, 8080)]
    [InlineData(8080, 9090, 0, false, 9090)]
    [InlineData(0, 0, 15088, true, 80)]
    [InlineData(0, 0, 15088, false, 0)]
    [InlineData(0, 0, 0, true, 0)]
    public void TargetPort_IsTheEndpointsElseTheServicesElseTheDialled(int serviceTarget, int own, int tunnel, bool towardsWaypoint, int expected)
    {
        Workload workload = Workload("w", "1.1.1.1", spec =>
        {
            Join(spec, "s.com", own == 0 ? [] : [(80, own)]);
            spec.ApplicationTunnel = tunnel == 0 ? null : new ApplicationTunnel(ApplicationTunnelProtocol.None, (ushort)tunnel);
        });
        _mesh.Put(workload);
        _mesh.Put(Service("s.com", "9.9.9.9", spec => spec.Ports = PortMap.Of((80, serviceTarget))));
        bool found = Pick("s.com", Workload("source", "1.1.1.2"), new Random(1), out UpstreamChoice choice, towardsWaypoint);
        Assert.Equal(expected != 0, found);
        Assert.Equal(expected, choice.Port);
    }

    [Fact]
    public void WaypointMode_DoesNotNeedADeclaredPortWhenTheWorkloadHasATunnel()
    {
        _mesh.Put(Workload("w", "1.1.1.1", spec =>
        {
            Join(spec, "s.com");
            spec.ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088);
        }));
        _mesh.Put(Service("s.com", "9.9.9.9", spec => spec.Ports = PortMap.Of((443, 443))));
        Assert.True(Pick("s.com", Workload("source", "1.1.1.2"), new Random(1), out UpstreamChoice choice, towardsWaypoint: true));
        Assert.Equal(80, choice.Port);
        Assert.False(Pick("s.com", Workload("source", "1.1.1.2"), new Random(1), out _));
    }

    [Theory]
    [Trait("behaviour", "ZT-54")]
    [Trait("behaviour", "ZT-55")]
    [InlineData("nowhere", "nowhere", "nowhere", "")]
    [InlineData("network", "reg", "zone", "match")]
    [InlineData("network", "reg", "elsewhere", "")]
    [InlineData("other", "reg", "zone", "other")]
    public void Strict_OnlyTakesFullMatches(string network, string region, string zone, string expected)
    {
        PutLocalities(LoadBalancingMode.Strict);
        Assert.Equal(expected, Picked(network, region, zone));
    }

    [Theory]
    [Trait("behaviour", "ZT-56")]
    [Trait("behaviour", "ZT-57")]
    [Trait("behaviour", "ZT-58")]
    [Trait("behaviour", "ZT-59")]
    [Trait("behaviour", "ZT-60")]
    [InlineData("nowhere", "nowhere", "nowhere", "almost,match,no_locality,other")]
    [InlineData("network", "reg", "zone", "match")]
    [InlineData("network", "reg", "elsewhere", "almost,match")]
    [InlineData("network", "elsewhere", "elsewhere", "almost,match,no_locality")]
    public void Failover_KeepsTheTopRank(string network, string region, string zone, string expected)
    {
        PutLocalities(LoadBalancingMode.Failover);
        Assert.Equal(expected, Picked(network, region, zone));
    }

    [Theory]
    [InlineData("network", "reg", "zone", 5, 3)]
    [InlineData("network", "reg", "x", 4, 2)]
    [InlineData("network", "x", "x", 3, 1)]
    [InlineData("network", "x", "zone", 3, 1)]
    [InlineData("x", "reg", "zone", 2, 2)]
    [InlineData("x", "reg", "x", 1, 1)]
    [InlineData("x", "x", "x", 0, 0)]
    public void Rank_NetworkFirstCountsAsMuchAsAllOthers(string network, string region, string zone, int rank, int matched)
    {
        Assert.Equal(rank, LocalityRank.Of(Preferences, At("s", null, "network", "reg", "zone"), At("c", null, network, region, zone), out int plain));
        Assert.Equal(matched, plain);
    }

    [Fact]
    public void Rank_NetworkLaterEndsTheCount() =>
        Assert.Equal(1, LocalityRank.Of([RoutingScope.Region, RoutingScope.Network, RoutingScope.Zone], At("s", null, "n", "r", "z"), At("c", null, "x", "r", "z"), out _));

    [Fact]
    public void StandardMode_IgnoresPreferences()
    {
        PutLocalities(LoadBalancingMode.Standard);
        Assert.Equal("almost,match,no_locality,other", Picked("network", "reg", "zone"));
    }

    [Fact]
    [Trait("behaviour", "ZT-65")]
    public void CapacityZero_IsNeverChosen()
    {
        void Put(uint first, uint second) => _mesh.Put(Weighted("a", "1.1.1.1", first), Weighted("b", "1.1.1.2", second));

        _mesh.Put(Service("s.com", "9.9.9.9"));
        Put(0, 1);
        Random random = new(65);
        for (int i = 0; i < 300; i++)
        {
            Assert.True(Pick("s.com", Workload("source", "1.1.1.9"), random, out UpstreamChoice choice));
            Assert.Equal("b", choice.Workload.Name);
        }

        Put(0, 0);
        Assert.False(Pick("s.com", Workload("source", "1.1.1.9"), random, out _));
    }

    [Theory]
    [InlineData(1, 3, 2_500)]
    [InlineData(1, 1, 5_000)]
    public void Capacity_IsTheWeight(uint first, uint second, int expected)
    {
        _mesh.Put(Weighted("a", "1.1.1.1", first), Weighted("b", "1.1.1.2", second));
        _mesh.Put(Service("s.com", "9.9.9.9"));
        Random random = new(77);
        int chosen = Enumerable.Range(0, 10_000).Count(_ => Pick("s.com", Workload("source", "1.1.1.9"), random, out UpstreamChoice choice) && choice.Workload.Name == "a");
        Assert.InRange(chosen, expected - 200, expected + 200);
    }

    [Fact]
    public void EqualEndpoints_AreChosenEvenly_AlsoWhenMostDoNotQualify()
    {
        _mesh.Put([.. Enumerable.Range(0, 100).Select(i => Workload($"w{i}", $"10.0.0.{i}", spec => Join(spec, "s.com", i < 10 ? [(80, 1000 + i)] : [(81, 1)])))]);
        _mesh.Put(Service("s.com", "9.9.9.9", spec => spec.Ports = PortMap.Of((80, 0), (81, 0))));
        Random random = new(5);
        int[] counts = new int[10];
        Workload source = Workload("source", "1.1.1.9");
        for (int i = 0; i < 20_000; i++)
        {
            Assert.True(Pick("s.com", source, random, out UpstreamChoice choice));
            counts[choice.Port - 1000]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 1_750, 2_250));
    }

    private static Workload Weighted(string name, string address, uint capacity) => Workload(name, address, spec =>
    {
        spec.Capacity = capacity;
        Join(spec, "s.com");
    });

    private static Workload At(string name, string? address, string network, string region, string zone) => Workload(name, address, spec =>
    {
        spec.Network = network;
        spec.Locality = new Locality(region, zone, "");
        Join(spec, "s.com");
    });

    private void PutLocalities(LoadBalancingMode mode)
    {
        _mesh.Put(
            At("match", "10.0.0.1", "network", "reg", "zone"),
            At("almost", "10.0.0.2", "network", "reg", "not-zone"),
            At("no_locality", "10.0.0.3", "network", "", ""),
            At("other", "10.0.0.4", "other", "reg", "zone"),
            At("empty_ip", null, "network", "reg", "zone"));
        _mesh.Put(Service("s.com", "9.9.9.9", spec =>
        {
            spec.LoadBalancing = new LoadBalancing(Preferences, mode, HealthPolicy.OnlyHealthy);
            spec.StaticEndpoints.Add(new StaticEndpoint("nobody", PortMap.Empty, WorkloadStatus.Healthy));
        }));
    }

    /// <summary>All endpoints that a source of this place gets in many draws.</summary>
    private string Picked(string network, string region, string zone)
    {
        Workload source = At("source", "1.1.1.9", network, region, zone);
        Random random = new(56);
        SortedSet<string> names = new(StringComparer.Ordinal);
        for (int i = 0; i < 500; i++)
        {
            if (Pick("s.com", source, random, out UpstreamChoice choice))
            {
                names.Add(choice.Workload.Name);
            }
        }

        return string.Join(',', names);
    }

    private bool Pick(string hostname, Workload source, Random random, out UpstreamChoice choice, bool towardsWaypoint = false) =>
        new LoadBalancer(_mesh.View.FindServiceByHost("ns", hostname)!, source, 80, towardsWaypoint, random, avoided: null).TryPick(_mesh.View, out choice);
}

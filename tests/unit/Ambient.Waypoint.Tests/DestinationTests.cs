using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;

namespace Ambient.Waypoint.Tests;

public sealed class DestinationTests
{
    private static readonly NamespacedHostname Reviews = new("apps", "reviews.apps.svc.cluster.local");

    [Theory]
    [InlineData(10, 10u, 1)]
    [InlineData(9, 10u, 0)]
    [InlineData(1, 100u, 1)]
    [InlineData(4, 50u, 2)]
    [Trait("behaviour", "WP-115")]
    public void Ejection_FollowsItsShare(int endpoints, uint percent, int ejected)
    {
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(endpoints, Outliers(percent));
        foreach (Candidate candidate in candidates)
        {
            for (int i = 0; i < 5; i++)
            {
                Assert.False(candidate.State.IsEjected(1000));
                state.Count(candidate, 503, policy, 1000);
            }
        }

        Assert.Equal(ejected, candidates.Count(candidate => candidate.State.IsEjected(1001)));
    }

    [Fact]
    public void Ejection_EndsAfterItsTime_AndLastsLongerTheNextTime()
    {
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(2, Outliers(100));
        Fail(state, policy, candidates[0], 0);
        Assert.Same(candidates[1], state.Choose(candidates, policy, null, null, new Random(1), 29_999));
        Assert.False(candidates[0].State.IsEjected(30_000));
        Fail(state, policy, candidates[0], 30_000);
        Assert.True(candidates[0].State.IsEjected(89_999));
        Assert.False(candidates[0].State.IsEjected(90_000));
    }

    [Fact]
    public void OneSuccess_BreaksTheSeries()
    {
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(2, Outliers(100));
        foreach (int status in new[] { 500, 500, 500, 500, 200, 500, 500, 500, 500 })
        {
            state.Count(candidates[0], status, policy, 0);
        }

        Assert.False(candidates[0].State.IsEjected(0));
    }

    [Fact]
    public void AllEjected_IsNobody_UnlessThereIsAPanicThreshold()
    {
        OutlierDetection outliers = Outliers(100);
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(2, outliers);
        Array.ForEach(candidates, candidate => Fail(state, policy, candidate, 0));
        Assert.Null(state.Choose(candidates, policy, null, null, new Random(1), 1));
        outliers.MinHealthPercent = 50;
        Assert.NotNull(state.Choose(candidates, policy, null, null, new Random(1), 1));
    }

    [Fact]
    [Trait("behaviour", "WP-116")]
    public void RetryBudget_IsAShareOfWhatIsActive()
    {
        (DestinationState state, _, _) = Make(1, null);
        TrafficPolicy policy = new() { RetryBudget = new RetryBudget { Percent = 20, MinConcurrency = 3 } };
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => state.TryBeginRetry(policy)));
        for (int i = 0; i < 100; i++)
        {
            Assert.True(state.TryBegin(policy));
        }

        Assert.Equal(17, Enumerable.Range(0, 50).Count(_ => state.TryBeginRetry(policy)));
    }

    [Fact]
    public void TooManyRequests_AreRefused_AndSlotsComeBack()
    {
        (DestinationState state, _, _) = Make(1, null);
        TrafficPolicy policy = new() { Pool = new ConnectionPool { MaxRequests = 2 } };
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => state.TryBegin(policy)));
        state.End();
        Assert.True(state.TryBegin(policy));
    }

    [Fact]
    [Trait("behaviour", "WP-110")]
    public void Hash_StaysWithItsEndpoint_AndMovesLittleWhenOneGoes()
    {
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(5, null);
        Random random = new(1);
        EndpointKey[] before = [.. Enumerable.Range(0, 1000).Select(i => state.Choose(candidates, policy, (ulong)i * 7919, null, random, 0)!.Key)];
        Assert.Equal(before, Enumerable.Range(0, 1000).Select(i => state.Choose(candidates, policy, (ulong)i * 7919, null, random, 0)!.Key));
        Assert.All(before.CountBy(key => key), share => Assert.InRange(share.Value, 120, 280));
        Candidate[] fewer = candidates[1..];
        for (int i = 0; i < 1000; i++)
        {
            EndpointKey after = state.Choose(fewer, policy, (ulong)i * 7919, null, random, 0)!.Key;
            Assert.True(after == before[i] || before[i] == candidates[0].Key, "a key moved although its endpoint is there");
        }
    }

    [Fact]
    public void Hash_AfterAChangeOfTheMesh_LeadsToTheEndpointAsItIsNow()
    {
        DestinationState state = new(Reviews, 80, "");
        DestinationSettings settings = new() { Policies = { new ScopedPolicy { Policy = new TrafficPolicy { Outliers = Outliers(100) } } } };
        Assert.True(state.TryGet(View(5), settings, out TrafficPolicy policy, out Candidate[] before));
        Candidate chosen = state.Choose(before, policy, 7, null, new Random(1), 0)!;
        Assert.True(state.TryGet(View(5), settings, out policy, out Candidate[] after));
        Fail(state, policy, Array.Find(after, candidate => candidate.Key != chosen.Key)!, 0);
        Assert.Same(Array.Find(after, candidate => candidate.Key == chosen.Key), state.Choose(after, policy, 7, null, new Random(1), 1));
    }

    [Fact]
    [Trait("behaviour", "WP-109")]
    public void WithoutHash_AllAreUsed_AndTheBusyLess()
    {
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(3, null);
        Random random = new(1);
        Assert.Equal(3, Enumerable.Range(0, 100).Select(_ => state.Choose(candidates, policy, null, null, random, 0)).Distinct().Count());
        for (int i = 0; i < 10; i++)
        {
            candidates[0].State.Begin();
        }

        Assert.DoesNotContain(candidates[0], Enumerable.Range(0, 100).Select(_ => state.Choose(candidates, policy, null, null, random, 0)));
        TrafficPolicy inTurn = new() { Balancing = Protocol.L7.Balancing.RoundRobin };
        Assert.Equal(3, Enumerable.Range(0, 3).Select(_ => state.Choose(candidates, inTurn, null, null, random, 0)).Distinct().Count());
    }

    [Fact]
    public void TriedEndpoints_AreAvoided_WhileThereAreOthers()
    {
        (DestinationState state, TrafficPolicy policy, Candidate[] candidates) = Make(2, null);
        HashSet<EndpointKey> tried = [candidates[0].Key];
        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(candidates[1], state.Choose(candidates, policy, null, tried, Random.Shared, 0)));
        tried.Add(candidates[1].Key);
        Assert.NotNull(state.Choose(candidates, policy, null, tried, Random.Shared, 0));
    }

    [Fact]
    public void Subset_HasItsMembers_AndThePolicyThatFitsBest()
    {
        MeshView view = View(3);
        DestinationSettings settings = new()
        {
            Subsets = { new Subset { Name = "v2", Members = { "uid-1", "uid-2", "gone" } } },
            Policies =
            {
                new ScopedPolicy { Policy = new TrafficPolicy { WarmupMs = 1 } },
                new ScopedPolicy { Port = 80, Policy = new TrafficPolicy { WarmupMs = 2 } },
                new ScopedPolicy { Subset = "v2", Policy = new TrafficPolicy { WarmupMs = 3 } },
                new ScopedPolicy { Subset = "v2", Port = 80, Policy = new TrafficPolicy { WarmupMs = 4 } },
            },
        };
        Assert.True(new DestinationState(Reviews, 80, "v2").TryGet(view, settings, out TrafficPolicy policy, out Candidate[] candidates));
        Assert.Equal((4ul, 2), (policy.WarmupMs, candidates.Length));
        Assert.True(new DestinationState(Reviews, 81, "v2").TryGet(view, settings, out policy, out candidates));
        Assert.Equal((3ul, 0), (policy.WarmupMs, candidates.Length));
        Assert.True(new DestinationState(Reviews, 80, "").TryGet(view, settings, out policy, out candidates));
        Assert.Equal((2ul, 3, 8080), (policy.WarmupMs, candidates.Length, candidates[0].Key.Address.Port));
        Assert.False(new DestinationState(Reviews, 80, "none").TryGet(view, settings, out _, out _));
        Assert.False(new DestinationState(new NamespacedHostname("apps", "none"), 80, "").TryGet(view, settings, out _, out _));
    }

    private static void Fail(DestinationState state, TrafficPolicy policy, Candidate candidate, long now)
    {
        for (int i = 0; i < 5; i++)
        {
            state.Count(candidate, 500, policy, now);
        }
    }

    private static OutlierDetection Outliers(uint percent) => new() { Consecutive5Xx = 5, BaseEjectionMs = 30_000, IntervalMs = 10_000, MaxEjectionPercent = percent };

    private static (DestinationState State, TrafficPolicy Policy, Candidate[] Candidates) Make(int endpoints, OutlierDetection? outliers)
    {
        DestinationState state = new(Reviews, 80, "");
        DestinationSettings settings = new() { Policies = { new ScopedPolicy { Policy = new TrafficPolicy { Outliers = outliers } } } };
        Assert.True(state.TryGet(View(endpoints), settings, out TrafficPolicy policy, out Candidate[] candidates));
        Assert.Equal(endpoints, candidates.Length);
        return (state, policy, candidates);
    }

    private static MeshView View(int endpoints)
    {
        MeshState mesh = new();
        MeshBatch batch = new();
        batch.Services.Add(new Service(new ServiceSpec { Name = "reviews", Namespace = Reviews.Namespace, Hostname = Reviews.Hostname, Ports = PortMap.Of((80, 8080)) }));
        for (int i = 0; i < endpoints; i++)
        {
            batch.Workloads.Add(new Workload(new WorkloadSpec
            {
                Uid = $"uid-{i}",
                Name = $"w{i}",
                Namespace = "apps",
                Addresses = { IpAddress.Parse($"10.0.0.{i + 1}") },
                Protocol = TunnelProtocol.Hbone,
                Services = { new ServiceMembership(Reviews, PortMap.Of((80, 8080))) },
            }));
        }

        mesh.Apply(batch);
        return mesh.Current;
    }
}

using Ambient.Mesh.Addresses;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Waypoint.Balancing;
using Kind = Ambient.Protocol.L7.Balancing;

namespace Ambient.Waypoint.Tests.Balancing;

public sealed class EndpointTests
{
    [Fact]
    public void Warmth_GrowsWithAge_FromTheLeast()
    {
        TrafficPolicy policy = new() { WarmupMs = 10_000 };
        Assert.Equal([0.1, 0.1, 0.5, 1, 1], new long[] { 0, 500, 5000, 10_000, 99_999 }.Select(age => EndpointChoice.Warmth(age, policy)));
        policy.WarmupAggression = 2;
        Assert.Equal(0.5, EndpointChoice.Warmth(2500, policy), 3);
        policy.WarmupMinPercent = 60;
        Assert.Equal(0.6, EndpointChoice.Warmth(2500, policy), 3);
    }

    [Theory]
    [InlineData(Kind.RoundRobin)]
    [InlineData(Kind.LeastRequest)]
    public void NewEndpoint_GetsLittleFirst_AndItsShareLater(Kind balancing)
    {
        var made = Endpoints.Make(new TrafficPolicy { WarmupMs = 60_000, Balancing = balancing }, null, "a/1/x", "a/1/x");
        _ = made.Candidates[0].State.Age(0);
        Dictionary<string, int> counts = made.Count(1000, now: 60_000);
        Assert.InRange(counts["1"], 60, 130);
        Assert.InRange(made.Count(1000, now: 120_000)["1"], 450, 550);
    }

    [Fact]
    public void LocalFailures_CountOnTheirOwn_WhenTheyAreSplit()
    {
        OutlierDetection settings = new() { Consecutive5Xx = 2, SplitLocal = true, ConsecutiveLocal = 3 };
        EndpointState state = new();
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(_ => state.Count(503, isLocal: true, settings)));
        state = new EndpointState();
        Assert.False(state.Count(503, isLocal: true, settings));
        Assert.False(state.Count(500, isLocal: false, settings));
        Assert.True(state.Count(500, isLocal: false, settings));
        settings.SplitLocal = false;
        state = new EndpointState();
        Assert.False(state.Count(503, isLocal: true, settings));
        Assert.True(state.Count(500, isLocal: false, settings));
    }

    [Fact]
    public void Codes_ReplaceServerErrors_AndGatewayErrorsCountAlone()
    {
        OutlierDetection settings = new() { Consecutive5Xx = 1, Codes = { 429 } };
        Assert.False(new EndpointState().Count(500, isLocal: false, settings));
        Assert.True(new EndpointState().Count(429, isLocal: false, settings));
        settings = new OutlierDetection { ConsecutiveGatewayErrors = 1 };
        Assert.False(new EndpointState().Count(500, isLocal: false, settings));
        Assert.True(new EndpointState().Count(502, isLocal: false, settings));
    }

    [Fact]
    public void Ejections_AreForgiven_ByTimeInService()
    {
        EndpointState state = new();
        OutlierDetection settings = new() { BaseEjectionMs = 30_000, IntervalMs = 10_000 };
        state.Eject(0, settings);
        state.Eject(30_000, settings);
        Assert.True(state.IsEjected(89_999));
        // Fifteen seconds in service take one back.
        state.Eject(105_000, settings);
        Assert.True(state.IsEjected(164_999));
        Assert.False(state.IsEjected(165_000));
        state.Eject(1_000_000, settings);
        Assert.False(state.IsEjected(1_030_000));
        for (int i = 0; i < 20; i++)
        {
            state.Eject(2_000_000, settings);
        }

        Assert.False(state.IsEjected(2_300_001));
    }

    [Theory]
    [InlineData(Kind.RingHash, 0ul)]
    [InlineData(Kind.RingHash, 16_384ul)]
    [InlineData(Kind.Maglev, 0ul)]
    [InlineData(Kind.Maglev, 1009ul)]
    [Trait("behaviour", "WP-110")]
    public void Keys_HaveAnOwner_WhoStays(Kind kind, ulong size)
    {
        Candidate[] candidates = [.. Enumerable.Range(0, 8).Select(i => Make(i, i == 7 ? 2 : 1))];
        HashTable table = new(candidates, kind, size);
        Candidate[] owners = [.. Enumerable.Range(0, 9000).Select(key => table.Find((ulong)key, static _ => true)!)];
        Dictionary<string, int> shares = owners.CountBy(owner => owner.Workload.Uid).ToDictionary();
        Assert.All(shares, share => Assert.InRange(share.Value, share.Key == "7" ? 1600 : 750, share.Key == "7" ? 2400 : 1250));

        // Somebody out of service moves their own keys alone.
        for (int key = 0; key < owners.Length; key++)
        {
            Candidate now = table.Find((ulong)key, candidate => candidate.Workload.Uid != "3")!;
            Assert.True(now == owners[key] || owners[key].Workload.Uid == "3");
        }

        // The same in another process, whatever the order of what it knows.
        HashTable other = new([.. candidates.Reverse()], kind, size);
        Assert.All(Enumerable.Range(0, 500), key => Assert.Equal(owners[key].Key, other.Find((ulong)key, static _ => true)!.Key));

        // Few keys of others move when one is gone for good.
        HashTable fewer = new([.. candidates.Where(candidate => candidate.Workload.Uid != "3")], kind, size);
        int moved = Enumerable.Range(0, owners.Length).Count(key => owners[key].Workload.Uid != "3" && fewer.Find((ulong)key, static _ => true)!.Key != owners[key].Key);
        Assert.InRange(moved, 0, kind == Kind.Maglev ? 900 : 0);
        Assert.Null(new HashTable([], kind, size).Find(1, static _ => true));
        Assert.Null(table.Find(1, static _ => false));
    }

    [Theory]
    [InlineData(1ul, 2)]
    [InlineData(2ul, 2)]
    [InlineData(4ul, 5)]
    [InlineData(1000ul, 1009)]
    [InlineData(1024ul, 1031)]
    [InlineData(65_536ul, 65_537)]
    [InlineData(5_000_011ul, 131_071)]
    [InlineData(ulong.MaxValue, 131_071)]
    public void MaglevTable_WhateverSizeIsWanted_IsMade_AndSpreads(ulong size, int places)
    {
        for (int count = 2; count <= 20; count++)
        {
            HashTable table = new([.. Enumerable.Range(0, count).Select(i => Make(i, 1))], Kind.Maglev, size);
            Assert.Equal(places, table.Places);
            Dictionary<string, int> shares = Enumerable.Range(0, 2000).Select(key => table.Find((ulong)key, static _ => true)!.Workload.Uid).CountBy(uid => uid).ToDictionary();
            Assert.Equal(Math.Min(count, places), shares.Count);
            Assert.All(shares.Values, share => Assert.True(places < 1000 || (share > 1000 / count && share < 4000 / count), $"{share} of 2000 for one of {count}"));
        }
    }

    [Theory]
    [InlineData(0ul, 4e9)]
    [InlineData(8_388_608ul, 1.0)]
    [InlineData(16_384ul, 1.0)]
    [InlineData(12_000ul, 2.5)]
    [InlineData(ulong.MaxValue, 3.0)]
    public void Ring_IsBounded_HoweverLargeItIsWanted_AndHoweverHeavyOneIs(ulong size, double heavy)
    {
        Candidate[] candidates = [Make(0, 1), Make(1, 1), Make(2, heavy)];
        HashTable ring = new(candidates, Kind.RingHash, size);
        Assert.InRange(ring.Places, HashTableSizes.Ring(size), (2 * (int)HashTableSizes.LargestRing) + candidates.Length);
        Assert.NotNull(ring.Find(1, static _ => true));
    }

    [Theory]
    [InlineData(Kind.RingHash)]
    [InlineData(Kind.Maglev)]
    public void TableOfTheSameEndpoints_IsKept_AndNamesThemAsTheyAreNow(Kind kind)
    {
        Candidate[] before = [.. Enumerable.Range(0, 5).Select(i => Make(i, i + 1))];
        Candidate[] after = [.. Enumerable.Range(0, 5).Select(i => Make(i, i + 1))];
        HashTable table = new(before, kind, 0);
        Assert.Same(table, table.For(before, kind, 0));
        HashTable kept = table.For(after, kind, 0)!;
        Assert.NotNull(kept);
        Assert.All(Enumerable.Range(0, 200), key => Assert.Same(after[Array.IndexOf(before, table.Find((ulong)key, static _ => true)!)], kept.Find((ulong)key, static _ => true)));

        Assert.Null(table.For(after[1..], kind, 0));
        Assert.Null(table.For(after, kind, 7));
        Assert.Null(table.For(after, kind == Kind.Maglev ? Kind.RingHash : Kind.Maglev, 0));
        after[0] = after[0] with { Weight = 9 };
        Assert.Null(table.For(after, kind, 0));
        after[0] = Make(9, 1);
        Assert.Null(table.For(after, kind, 0));
    }

    [Fact]
    public void Connections_AndThoseWhoWait_AreBounded()
    {
        DestinationState state = new(Endpoints.Key, 80, "");
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => state.TryConnect(2)));
        Assert.True(state.TryConnect(2, isForced: true));
        Assert.Equal(3, state.Connections);
        state.Disconnect();
        state.Disconnect();
        Assert.True(state.TryConnect(2));
        Assert.Equal([true, false], Enumerable.Range(0, 2).Select(_ => state.TryWait(1)));
        state.EndWait();
        Assert.True(state.TryWait(1));
        Assert.Equal(100, Enumerable.Range(0, 100).Count(_ => state.TryWait(0)));
    }

    private static Candidate Make(int number, double weight)
    {
        Workload workload = new(new WorkloadSpec { Uid = number.ToString(provider: null), Name = "w", Namespace = "apps", Addresses = { IpAddress.Parse($"10.0.1.{number + 1}") } });
        return new Candidate(new EndpointKey(new IpPort(workload.AddressAt(0), 8080), null), workload, new EndpointState()) { Weight = weight };
    }
}

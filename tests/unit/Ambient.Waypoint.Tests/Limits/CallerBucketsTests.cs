using Ambient.Mesh.Identities;
using Ambient.Waypoint.Limits;

namespace Ambient.Waypoint.Tests.Limits;

/// <summary>Callers have a bucket each, as long as there is room; memory stays bounded, and nobody is let through for lack of it.</summary>
public sealed class CallerBucketsTests
{
    private static readonly LimitRate Rate = LimitRate.Of(1, TimeSpan.FromSeconds(1), 1);

    [Fact]
    public void ACaller_HasOneBucket_WhateverObjectNamesIt()
    {
        CallerBuckets buckets = new();
        TokenBucket first = buckets.Of(Caller(1), 0);
        Assert.Same(first, buckets.Of(Caller(1), 0));
        Assert.NotSame(first, buckets.Of(Caller(2), 0));
        Assert.Same(buckets.Nobody, buckets.Of(null, 0));
        Assert.Equal(2, buckets.Count);
    }

    [Fact]
    public void WhereNobodyIsIdle_NewcomersShareABucket_AndNoneIsAddedForThem()
    {
        CallerBuckets buckets = new();
        int shared = 0;
        for (int i = 0; i < 4 * CallerBuckets.MaxCallers; i++)
        {
            TokenBucket bucket = buckets.Of(Caller(i), 0);
            _ = bucket.TryTake(Rate, 0, out _);
            shared += ReferenceEquals(bucket, buckets.Shared) ? 1 : 0;
        }

        Assert.Equal(CallerBuckets.MaxCallers, buckets.Count);
        Assert.Equal(3 * CallerBuckets.MaxCallers, shared);
        Assert.False(buckets.Shared.TryTake(Rate, 0, out _));
    }

    [Fact]
    public void IdleOnes_MakeRoom_AndThoseInUseStay()
    {
        CallerBuckets buckets = new();
        TokenBucket[] old = [.. Enumerable.Range(0, 4 * CallerBuckets.MaxCallers).Select(i => buckets.Of(Caller(i), 0)).Where(bucket => bucket != buckets.Shared)];
        TokenBucket busy = old[7];
        Assert.True(busy.TryTake(Rate, 0, out _));

        // Full ones make room for anybody, and only those.
        for (int i = 0; i < 8 * CallerBuckets.MaxCallers; i++)
        {
            TokenBucket bucket = buckets.Of(Caller(1_000_000 + i), 1);
            Assert.NotSame(buckets.Shared, bucket);
        }

        Assert.Equal(CallerBuckets.MaxCallers, buckets.Count);
        Assert.Same(busy, buckets.Of(busy.Owner, 1));
        Assert.Contains(old, static bucket => bucket.IsRetired);
    }

    [Fact]
    public async Task ThreadsThatMeetACallerFirst_ShareItsBucket()
    {
        for (int round = 0; round < 200; round++)
        {
            CallerBuckets buckets = new();
            using Barrier start = new(3);
            SpiffeId caller = Caller(round);
            TokenBucket[] found = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return buckets.Of(caller, 0);
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));
            Assert.Equal(1, buckets.Count);
            Assert.All(found, bucket => Assert.True(bucket == buckets.Shared || bucket.Owner == caller));
        }
    }

    private static SpiffeId Caller(int number) => new("cluster.local", "apps", $"caller-{number}");
}

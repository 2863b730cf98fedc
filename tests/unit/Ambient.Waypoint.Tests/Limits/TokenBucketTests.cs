using Ambient.Waypoint.Limits;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Waypoint.Tests.Limits;

/// <summary>What a bucket gives away, by whatever clock and however many take at once.</summary>
public sealed class TokenBucketTests
{
    private const long Second = LimitRate.PerSecond;

    [Fact]
    public void ABucket_BeginsFull_AndIsFilledAtItsRate()
    {
        LimitRate rate = LimitRate.Of(10, TimeSpan.FromSeconds(1), 3);
        TokenBucket bucket = new();
        Assert.Equal([true, true, true, false], Take(bucket, rate, Second, 4));
        Assert.Equal(Second / 10, bucket.WaitFor(rate, Second));
        Assert.Equal([false], Take(bucket, rate, Second + (Second / 10) - 1, 1));
        Assert.Equal([true, false], Take(bucket, rate, Second + (Second / 10), 2));
        Assert.Equal([true, true, true, false], Take(bucket, rate, 9 * Second, 4));
    }

    [Theory]
    [InlineData(1u, 3600, 0u, 3600)]
    [InlineData(1u, 1, 0u, 1)]
    [InlineData(3u, 1, 0u, 1)]
    [InlineData(100u, 60, 500u, 1)]
    public void TheWait_IsInWholeSeconds_OneAtLeast(uint requests, int seconds, uint burst, long expected)
    {
        LimitRate rate = LimitRate.Of(requests, TimeSpan.FromSeconds(seconds), burst);
        TokenBucket bucket = new();
        while (bucket.TryTake(rate, 0, out _))
        {
        }

        Assert.Equal(expected, LimitRate.Seconds(bucket.WaitFor(rate, 0)));
    }

    [Fact]
    public void TheLargestNumbers_DoNotOverflow()
    {
        const long TenYears = 10L * 365 * 24 * 3600 * Second;
        foreach ((uint requests, int seconds, uint burst) in new[] { (1u, 3600, uint.MaxValue), (uint.MaxValue, 1, uint.MaxValue), (uint.MaxValue, 3600, 1u), (1u, 1, 1u) })
        {
            LimitRate rate = LimitRate.Of(requests, TimeSpan.FromSeconds(seconds), burst);
            Assert.True(rate.Interval > 0 && rate.Capacity >= rate.Interval, rate.ToString());
            TokenBucket bucket = new();
            Assert.True(bucket.TryTake(rate, TenYears, out _), rate.ToString());
            Assert.InRange(bucket.FullAt, TenYears, TenYears + rate.Capacity);
        }
    }

    [Fact]
    public void ATokenThatIsGivenBack_CanBeTakenAgain_ButNotWhenSomebodyWasThereSince()
    {
        LimitRate rate = LimitRate.Of(1, TimeSpan.FromSeconds(1), 2);
        TokenBucket bucket = new();
        Assert.True(bucket.TryTake(rate, 0, out long first));
        bucket.PutBack(rate, 0, first);
        Assert.True(bucket.TryTake(rate, 0, out first));
        Assert.True(bucket.TryTake(rate, 0, out _));
        bucket.PutBack(rate, 0, first);
        Assert.False(bucket.TryTake(rate, 0, out _));
    }

    [Fact]
    public void AnIdleBucket_CanBeGivenUp_AndGivesNothingAnyMore()
    {
        LimitRate rate = LimitRate.Of(1, TimeSpan.FromSeconds(1), 1);
        TokenBucket bucket = new();
        Assert.True(bucket.TryTake(rate, 0, out _));
        Assert.False(bucket.TryRetire(Second - 1));
        Assert.True(bucket.TryRetire(Second));
        Assert.True(bucket.IsRetired);
        Assert.False(bucket.TryTake(rate, 5 * Second, out _));
    }

    [Fact]
    public void InNoSpanOfTime_MoreIsGivenAway_ThanTheBurstAndWhatTheRateMakesOfIt() => Prop.ForAll<PositiveInt, PositiveInt, NonNegativeInt[]>((requests, burst, pauses) =>
    {
        LimitRate rate = LimitRate.Of((uint)requests.Get, TimeSpan.FromSeconds(1), (uint)burst.Get);
        TokenBucket bucket = new();
        List<long> given = [];
        long now = 0;
        foreach (NonNegativeInt pause in pauses)
        {
            // Pauses of some hundredths of an interval, and now and then a long one.
            now += rate.Interval * pause.Get / (pause.Get % 5 == 0 ? 3 : 100);
            for (int i = 0; i < 4; i++)
            {
                if (bucket.TryTake(rate, now, out _))
                {
                    given.Add(now);
                }
            }
        }

        for (int from = 0; from < given.Count; from++)
        {
            for (int to = from; to < given.Count; to++)
            {
                Int128 most = burst.Get + ((Int128)(given[to] - given[from]) * requests.Get / Second);
                if (to - from + 1 > most)
                {
                    return false;
                }
            }
        }

        return true;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void WhoAsksOftenEnough_GetsWhatWasWritten() => Prop.ForAll<PositiveInt, PositiveInt>((requests, burst) =>
    {
        uint each = (uint)(requests.Get % 1000) + 1, atOnce = (uint)(burst.Get % 50) + 1;
        LimitRate rate = LimitRate.Of(each, TimeSpan.FromMinutes(1), atOnce);
        TokenBucket bucket = new();
        long given = 0, now = 0;
        for (int i = 0; i < 5000; i++, now += rate.Interval / 2)
        {
            given += bucket.TryTake(rate, now, out _) ? 1 : 0;
        }

        // Every second ask finds a token, and the burst comes first.
        return given >= Math.Min(5000, 2499 + atOnce);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task WhoeverTakesAtOnce_GetsNoMoreTogether()
    {
        LimitRate rate = LimitRate.Of(1000, TimeSpan.FromHours(1), 1000);
        for (int round = 0; round < 20; round++)
        {
            TokenBucket bucket = new();
            using Barrier start = new(4);
            long[] given = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    long mine = 0;
                    for (int i = 0; i < 1000; i++)
                    {
                        if (!bucket.TryTake(rate, i, out long before))
                        {
                            continue;
                        }

                        mine++;
                        if (i % 7 == 0)
                        {
                            mine -= bucket.PutBack(rate, i, before) ? 1 : 0;
                        }
                    }

                    return mine;
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));
            Assert.InRange(given.Sum(), 1, 1000);
        }
    }

    private static bool[] Take(TokenBucket bucket, LimitRate rate, long now, int times) => [.. Enumerable.Range(0, times).Select(_ => bucket.TryTake(rate, now, out long _))];
}

using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Who dawdles is sent away, who works is not.</summary>
public sealed class ClientPaceTests
{
    private (HttpActivity Activity, long Heads, int Unsent) _now = (HttpActivity.Head, 0, 0);

    [Theory]
    [InlineData(HttpActivity.Head, 15_000)]
    [InlineData(HttpActivity.Idle, 300_000)]
    [InlineData(HttpActivity.Closing, 5_000)]
    internal void EachActivityHasItsLimit(HttpActivity activity, long limit)
    {
        ClientPace pace = new(() => _now, 0);
        _now = (activity, 1, 0);
        Assert.False(pace.IsLate(1000));
        Assert.False(pace.IsLate(1000 + limit));
        Assert.True(pace.IsLate(1001 + limit));
        Assert.Equal(activity, pace.Activity);
    }

    [Fact]
    public void WhoeverIsServed_OrReads_IsNotLate()
    {
        ClientPace pace = new(() => _now, 0);
        _now = (HttpActivity.Busy, 1, 0);
        Assert.False(pace.IsLate(0));
        Assert.False(pace.IsLate(10_000_000));
        _now = (HttpActivity.Busy, 1, 500);
        Assert.False(pace.IsLate(10_001_000));
        _now = (HttpActivity.Busy, 1, 499);
        Assert.False(pace.IsLate(10_070_000));
        Assert.True(pace.IsLate(10_130_001));
    }

    [Fact]
    public void OneHeadAfterTheOther_IsNoSlowHead()
    {
        ClientPace pace = new(() => _now, 0);
        for (int i = 1; i < 50; i++)
        {
            _now = (HttpActivity.Head, i, 0);
            Assert.False(pace.IsLate(i * 14_000));
        }
    }
}

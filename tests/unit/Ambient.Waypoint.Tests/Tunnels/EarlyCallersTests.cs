using Ambient.Testing.Clocks;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Who comes before its service does waits for a moment.</summary>
public sealed class EarlyCallersTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly LocalWaypoint _waypoint;

    public EarlyCallersTests() => _waypoint = new LocalWaypoint(time: _time);

    private EarlyCallers Early => _waypoint.Loop.Early;

    public void Dispose() => _waypoint.Dispose();

    [Fact]
    public void Caller_IsServedByTheFirstChangeThatServesIt_AndNeverSentAwayAfterwards()
    {
        (int looks, int refusals, bool isServed) = (0, 0, false);
        Early.Add(() => ++looks > 0 && isServed, () => refusals++);
        Early.Look();
        Assert.Equal((1, 1), (looks, Early.Count));
        isServed = true;
        Early.Look();
        Early.Look();
        Assert.Equal((2, 0), (looks, Early.Count));
        Pass(EarlyCallers.PatienceMilliseconds * 2);
        Assert.Equal(0, refusals);
    }

    [Fact]
    public void Caller_IsSentAwayOnce_WhenItsTimeIsOver()
    {
        int refusals = 0;
        Early.Add(() => false, () => refusals++);
        Pass(EarlyCallers.PatienceMilliseconds - 100);
        Assert.Equal(0, refusals);
        Pass(200);
        Early.Look();
        Pass(EarlyCallers.PatienceMilliseconds);
        Assert.Equal((1, 0), (refusals, Early.Count));
    }

    [Fact]
    public void Caller_ThatHasGone_IsForgotten()
    {
        int calls = 0;
        Early.Add(() => ++calls > 0, () => calls++)!.Leave();
        Early.Look();
        Pass(EarlyCallers.PatienceMilliseconds * 2);
        Assert.Equal((0, 0), (calls, Early.Count));
    }

    /// <summary>Streams of one connection may end while another of them is served.</summary>
    [Fact]
    public void Caller_ThatAnotherEnds_IsNotLookedAt()
    {
        int served = 0;
        EarlyCaller?[] both = new EarlyCaller?[2];
        for (int i = 0; i < 2; i++)
        {
            int other = 1 - i;
            both[i] = Early.Add(
                () =>
                {
                    both[other]!.Leave();
                    return ++served > 0;
                },
                () => served = 100);
        }

        Early.Look();
        Assert.Equal((1, 0), (served, Early.Count));
    }

    [Fact]
    public void Callers_AreSoMany_AndNoMore_AndNoneComesToAWaypointThatEnds()
    {
        for (int i = 0; i < EarlyCallers.MaxWaiting; i++)
        {
            Assert.NotNull(Early.Add(() => false, () => { }));
        }

        Assert.Null(Early.Add(() => true, () => { }));
        Pass(EarlyCallers.PatienceMilliseconds + 100);
        Assert.NotNull(Early.Add(() => false, () => { }));
        _waypoint.Loop.Drain(static () => { });
        Assert.Null(Early.Add(() => true, () => { }));
    }

    private void Pass(long milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _waypoint.Turn();
        _waypoint.Turn();
    }
}

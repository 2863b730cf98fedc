using Ambient.EventLoop;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Looks after pools that nobody uses any more every half minute; connections that are idle each pool ends itself, in time. Loop-affine.</summary>
internal sealed class PoolSweeper(WaypointLoop loop) : LoopTimer
{
    private const long PauseMilliseconds = 30_000;

    /// <summary>Sets the next time.</summary>
    public void Schedule() => loop.Loop.Timers.Schedule(this, loop.Loop.NowMilliseconds + PauseMilliseconds);

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        Schedule();
        loop.SweepPools();
    }
}

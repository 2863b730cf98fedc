using Ambient.EventLoop;

namespace Ambient.Waypoint.Http;

/// <summary>
/// When the connection of a pool that has been idle for longest is to end: one timer for all of them. It is not moved when that one is used after all, but looks again when its time comes, so a pool
/// whose connections are busy pays next to nothing. Loop-affine.
/// </summary>
/// <param name="timers">The loop's.</param>
/// <param name="sweep">Ends those whose time is up, and tells of the next one by <see cref="Due"/>.</param>
internal sealed class IdleWatch(LoopTimers timers, Action sweep) : LoopTimer
{
    private long _due;

    /// <summary>A connection is idle.</summary>
    /// <param name="due">When it is to end, milliseconds of the loop.</param>
    public void Due(long due)
    {
        if (!IsScheduled || due < _due)
        {
            _due = due;
            timers.Schedule(this, due);
        }
    }

    /// <summary>Nothing is to end any more.</summary>
    public void Stop() => timers.Cancel(this);

    /// <inheritdoc/>
    protected override void OnTimer() => sweep();
}

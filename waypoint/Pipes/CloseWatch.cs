using Ambient.EventLoop;

namespace Ambient.Waypoint.Pipes;

/// <summary>
/// All has been said on a connection: the other side gets the time to read it, as long as it reads, and then a moment to close. Without it a client that never closes
/// would hold its connection, and a drain, for ever. Loop-affine.
/// </summary>
/// <param name="pipe">The connection.</param>
/// <param name="closeMilliseconds">How long a side that has read everything may take to close.</param>
internal sealed class CloseWatch(Pipe pipe, long closeMilliseconds = WaitingTimes.Close) : LoopTimer, ILoopFault
{
    private int _unsent;

    /// <summary>Begins to wait, once our end was asked for.</summary>
    public void Start()
    {
        if (!pipe.IsClosed && !IsScheduled)
        {
            Look();
        }
    }

    /// <summary>It is closed.</summary>
    public void Stop() => pipe.Loop.Timers.Cancel(this);

    /// <inheritdoc/>
    public void OnFault(Exception exception) => pipe.Abort("internal error");

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        if (pipe.IsClosed)
        {
            return;
        }

        if (pipe.Unsent < _unsent)
        {
            // It reads; and whoever has just taken the last byte gets the time to close.
            Look();
        }
        else
        {
            pipe.Abort("the other side did not close");
        }
    }

    private void Look()
    {
        _unsent = pipe.Unsent;
        pipe.Loop.Timers.Schedule(this, pipe.Loop.NowMilliseconds + (_unsent > 0 ? WaitingTimes.CloseStall : closeMilliseconds));
    }
}

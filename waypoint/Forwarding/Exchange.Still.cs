using Ambient.EventLoop;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Forwarding;

/// <summary>Nothing moves: who has begun to say something must go on. One timer for each request, looked at when it is due; bytes that pass only note the time.</summary>
internal sealed partial class Exchange : LoopTimer, ILoopFault
{
    private long _moved;
    private bool _hasResponseLength;
    private bool _isStill;

    // Envoy has 5 minutes for everything; Istio has switched that off, for streams may be silent in order. Between the two: what has a length, or is an upload, may not stand still.
    private long StillLimit => _isUpgraded || _record.IsGrpc || (_isHeadSent ? !_hasResponseLength : IsRequestWhole) ? WaitingTimes.StillStream : WaitingTimes.StillMessage;

    private bool IsRequestWhole => _isRequestEnded || framing.IsEmpty;

    /// <summary>Looks whether anything has moved meanwhile.</summary>
    protected override void OnTimer()
    {
        if (tunnel.Loop.Loop.NowMilliseconds - _moved < StillLimit)
        {
            WatchStillness();
            return;
        }

        _isStill = true;
        CountTimeout();
        AbandonAttempt("nothing moves");
        _ = Answer(new LocalAnswer(IsRequestWhole ? 504 : 408, "stream timeout", ResponseFlags.StreamIdle, "stream_idle_timeout"));
    }

    private void Moved() => _moved = tunnel.Loop.Loop.NowMilliseconds;

    private void BeginStillness()
    {
        Moved();
        WatchStillness();
    }

    // The limit depends on what is going on, and may become the shorter one.
    private void WatchStillness()
    {
        long now = tunnel.Loop.Loop.NowMilliseconds;
        tunnel.Loop.Loop.Timers.Schedule(this, Math.Min(_moved + StillLimit, now + WaitingTimes.StillMessage));
    }

    private void EndStillness()
    {
        if (IsScheduled)
        {
            tunnel.Loop.Loop.Timers.Cancel(this);
        }
    }
}

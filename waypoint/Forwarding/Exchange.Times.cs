using Ambient.Routing.Actions;

namespace Ambient.Waypoint.Forwarding;

/// <summary>
/// How long a request and each of its tries may take. Their time is that of endpoints: it runs while a connection is made and from the end of the request (waypoint
/// reference 2.1.2), not while the client takes its time to send the rest. Who stands still meanwhile, whichever side it is, has limits of its own
/// (<see cref="Pipes.WaitingTimes"/>).
/// </summary>
internal sealed partial class Exchange
{
    private ExchangeTimer? _total;
    private ExchangeTimer? _pause;
    private TimeSpan _limit;
    private bool _isLeaveAwaited;

    private TimeSpan TryLimit => Retry?.PerTryTimeout ?? TimeSpan.Zero;

    /// <summary>A limit was reached, or a pause is over.</summary>
    public void OnTimer(ExchangeTimerKind kind)
    {
        switch (kind)
        {
            case ExchangeTimerKind.Pause when _isDelayed:
                _isDelayed = false;
                AfterDelay();
                break;
            case ExchangeTimerKind.Pause:
                Try();
                break;
            default:
                CountTimeout();
                AbandonAttempt("the route's timeout");
                if (_isOwnDeadline)
                {
                    _ = Answer(LocalAnswer.Of(UpstreamFailure.Timeout, null, _retries > 0), grpcStatus: LocalAnswer.DeadlineExceeded);
                }
                else
                {
                    Fail(UpstreamFailure.Timeout, null);
                }

                break;
        }
    }

    /// <summary>The current try took too long.</summary>
    public void OnTryTimeout()
    {
        CountTimeout();
        AbandonAttempt("the try's timeout");
        FailOrRetry(UpstreamFailure.TryTimeout, null);
    }

    // From now on it is the endpoint that takes its time; what has begun already goes on.
    private void BeginLimits()
    {
        if (_destination is null || _isUpgraded)
        {
            return;
        }

        if (_limit > TimeSpan.Zero && _total is not { IsScheduled: true })
        {
            Schedule(ref _total, ExchangeTimerKind.Total, _limit);
        }

        if (!_isHeadSent)
        {
            _attempt?.BeginLimit(TryLimit);
        }
    }

    // The connection is there, and the client has more to say. If it waits for leave to do so (RFC 9110 section 10.1.1), it is still the endpoint that takes its time.
    private void HoldLimits(bool isConnected = false)
    {
        _isLeaveAwaited = isConnected && _record.BytesReceived == 0 && _interims == 0 && head.Fields.Contains("expect");
        if (_isLeaveAwaited)
        {
            return;
        }

        Cancel(_total);
        _attempt?.CancelLimit();
    }

    // Whoever has answered in part was not too slow to answer, nor is anybody whom a client keeps waiting.
    private void CountTimeout()
    {
        if (!_isHeadSent && IsRequestWhole)
        {
            _attempt?.Count(504, isLocal: true);
        }
    }

    private void CancelTimers()
    {
        Cancel(_total);
        _attempt?.CancelLimit();
        Cancel(_pause);
    }

    private void Cancel(ExchangeTimer? timer)
    {
        if (timer is { IsScheduled: true })
        {
            tunnel.Loop.Loop.Timers.Cancel(timer);
        }
    }

    private void Schedule(ref ExchangeTimer? timer, ExchangeTimerKind kind, TimeSpan after)
    {
        timer ??= new ExchangeTimer(this, kind);
        Cancel(timer);
        tunnel.Loop.Loop.Timers.Schedule(timer, tunnel.Loop.Loop.NowMilliseconds + (long)after.TotalMilliseconds);
    }
}

namespace Ambient.Waypoint.Forwarding;

/// <summary>Sending again: when, and what.</summary>
internal sealed partial class Exchange
{
    /// <summary>Whether the request will be sent again.</summary>
    private bool TryRetry()
    {
        EndRetry();
        if (_retries >= Retry!.Attempts || !_isReplayable)
        {
            if (_retries >= Retry.Attempts && _retries > 0)
            {
                _record.Flags |= ResponseFlags.RetriesExceeded;
            }

            return false;
        }

        if (!_destination!.TryBeginRetry(_policy!))
        {
            _record.Flags |= ResponseFlags.Overflow;
            return false;
        }

        _isRetry = true;
        _retries++;
        (_tried ??= []).Add(_lastTried!);
        AbandonAttempt("another try");
        Schedule(ref _pause, ExchangeTimerKind.Pause, Retry.Pause(_retries, tunnel.Loop.Random.NextDouble()));
        return true;
    }

    // A retry counts until its outcome is known.
    private void EndRetry()
    {
        if (_isRetry)
        {
            _isRetry = false;
            _destination?.EndRetry();
        }
    }

    private void KeepForRetry(ReadOnlySpan<byte> data)
    {
        // Without room, here or on the loop, it is sent once.
        if (_isReplayable && (_kept.Length + data.Length > MaxReplay || !_kept.TryAdd(data, tunnel.Loop.Kept)))
        {
            FreeReplay();
        }
    }

    private void FreeReplay()
    {
        _isReplayable = false;
        _kept.Free(tunnel.Loop.Kept);
    }
}

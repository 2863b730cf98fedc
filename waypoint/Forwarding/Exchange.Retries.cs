namespace Ambient.Waypoint.Forwarding;

/// <summary>Sending again: when, and what.</summary>
internal sealed partial class Exchange
{
    /// <summary>Whether the request will be sent again.</summary>
    private bool TryRetry()
    {
        EndRetry();
        if (_retries >= Retry!.Attempts || _replay is null)
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
        if (_replay is null)
        {
            return;
        }

        if (_replayLength + data.Length > MaxReplay)
        {
            FreeReplay();
            return;
        }

        GrowReplay(data);
    }

    private void GrowReplay(ReadOnlySpan<byte> data)
    {
        if (_replay!.Length < _replayLength + data.Length)
        {
            Array.Resize(ref _replay, Math.Max(1024, (_replayLength + data.Length) * 2));
        }

        data.CopyTo(_replay.AsSpan(_replayLength));
        _replayLength += data.Length;
    }

    private void FreeReplay() => _replay = null;
}

namespace Ambient.Hbone.Sessions;

/// <summary>
/// One budget for everything odd that a peer may do: resets, pings, settings, empty frames, refused streams. Useful bytes, answered streams
/// and time refill it; a session whose budget is spent is closed with ENHANCE_YOUR_CALM. Loop-affine.
/// </summary>
public struct AbuseBudget
{
    /// <summary>A reset of a stream that was not answered yet: the peer made us work for nothing (rapid reset).</summary>
    public const int EarlyReset = 10;

    /// <summary>A reset that the peer provoked from us (MadeYouReset), or a stream beyond the limit.</summary>
    public const int ForcedReset = 10;

    /// <summary>A reset of a running stream.</summary>
    public const int Reset = 1;

    /// <summary>A ping.</summary>
    public const int Ping = 10;

    /// <summary>A settings frame after the first.</summary>
    public const int Settings = 40;

    /// <summary>A DATA frame without data and without END_STREAM.</summary>
    public const int EmptyData = 10;

    /// <summary>A frame that means nothing: priority, unknown types, small window updates.</summary>
    public const int Noise = 1;

    private const int Capacity = 8000;
    private const int PerSecond = 800;
    private const int BytesPerPoint = 16 * 1024;

    private int _spent;
    private int _bytes;
    private long _refilledAt;

    /// <summary>Takes points; false when the budget is spent.</summary>
    public bool TrySpend(int points, long nowMilliseconds)
    {
        // Only the time that made whole points counts as used: a busy peer that is asked every millisecond would otherwise get nothing back.
        long refill = (nowMilliseconds - _refilledAt) * PerSecond / 1000;
        if (refill > 0)
        {
            _spent = (int)Math.Max(0, _spent - refill);
            _refilledAt += refill * 1000 / PerSecond;
        }

        _spent += points;
        return _spent <= Capacity;
    }

    /// <summary>
    /// A stream was answered: it was worth its work, and its end, a reset perhaps that crosses ours, must be free. Applications that close
    /// by reset would otherwise end the tunnel of all others.
    /// </summary>
    public void EarnStream() => _spent = Math.Max(0, _spent - Reset - Noise);

    /// <summary>Useful bytes moved.</summary>
    public void Earn(int bytes)
    {
        _bytes += bytes;
        if (_bytes >= BytesPerPoint)
        {
            _spent = Math.Max(0, _spent - (_bytes / BytesPerPoint));
            _bytes %= BytesPerPoint;
        }
    }
}

using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Keys;

/// <summary>
/// Whether waypoints may be served: not before the keys that policies want have been tried once, so that no token is refused only because we have just started. An issuer
/// that does not answer holds nobody up for longer than a moment. Thread-safe.
/// </summary>
internal sealed class KeySetGrace(KeySetStore store, TimeSpan longest, TimeProvider clock)
{
    private long _begun;
    private volatile bool _isOver;

    /// <summary>Asked again and again once everything else is known; true from some time on, for good.</summary>
    internal bool IsOver
    {
        get
        {
            if (_isOver)
            {
                return true;
            }

            long begun = Interlocked.CompareExchange(ref _begun, clock.GetTimestamp(), 0);
            return _isOver = store.IsSettled || (begun != 0 && clock.GetElapsedTime(begun) >= longest);
        }
    }
}

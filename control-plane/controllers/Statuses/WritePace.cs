namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>
/// How many statuses are written in a second: what changes for thousands of objects at once (a waypoint comes, a version is installed) shall not keep the API server busy.
/// Thread-safe.
/// </summary>
/// <param name="perSecond">How many on the whole.</param>
/// <param name="burst">How many at once.</param>
/// <param name="clock">The time.</param>
public sealed class WritePace(int perSecond, int burst, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _each = TimeSpan.FromSeconds(1.0 / perSecond);
    private readonly long _started = clock.GetTimestamp();
    private TimeSpan _paidUntil = TimeSpan.MinValue; // Since it started: whoever sets the wall clock shall not stop the writing.

    /// <summary>Waits for its turn.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        TimeSpan pause;
        lock (_gate)
        {
            TimeSpan now = clock.GetElapsedTime(_started);
            TimeSpan earliest = now - (_each * burst);
            _paidUntil = (_paidUntil < earliest ? earliest : _paidUntil) + _each;
            pause = _paidUntil - now;
        }

        return pause > TimeSpan.Zero ? Task.Delay(pause, clock, cancellation) : Task.CompletedTask;
    }
}

namespace Ambient.ControlPlane.Routing.Tests.Keys;

/// <summary>A clock that moves when told.</summary>
internal sealed class StepClock : TimeProvider
{
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private TimeSpan _jumped;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now + _jumped;

    public override long GetTimestamp() => _now.Ticks;

    public void Advance(TimeSpan time) => _now += time;

    /// <summary>Somebody sets the wall clock, and no time passes.</summary>
    public void Jump(TimeSpan by) => _jumped += by;
}

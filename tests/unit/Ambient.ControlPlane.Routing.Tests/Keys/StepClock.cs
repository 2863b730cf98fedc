namespace Ambient.ControlPlane.Routing.Tests.Keys;

/// <summary>A clock that moves when told.</summary>
internal sealed class StepClock : TimeProvider
{
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

    public override DateTimeOffset GetUtcNow() => _now;

    public void Advance(TimeSpan time) => _now += time;
}

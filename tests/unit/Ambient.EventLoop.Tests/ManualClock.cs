namespace Ambient.EventLoop.Tests;

/// <summary>A clock that moves when told.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long _milliseconds;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Interlocked.Read(ref _milliseconds);

    public void Advance(long milliseconds) => Interlocked.Add(ref _milliseconds, milliseconds);
}

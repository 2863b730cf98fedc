namespace Ambient.EventLoop;

/// <summary>Returns memory after a burst; asleep while the cache is empty. Loop-affine.</summary>
internal sealed class BufferTrimmer(EventLoop loop) : LoopTimer
{
    private const long Period = 10_000;

    /// <summary>Has the cache looked at in a while, if there is one.</summary>
    public void Watch()
    {
        if (!IsScheduled && loop.Buffers.CachedBytes > 0)
        {
            loop.Timers.Schedule(this, loop.NowMilliseconds + Period);
        }
    }

    /// <inheritdoc/>
    protected internal override void OnTimer() => loop.Buffers.TrimUnused();
}

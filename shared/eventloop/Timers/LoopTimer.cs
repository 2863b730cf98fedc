namespace Ambient.EventLoop;

/// <summary>Something that happens at a time on a loop; a node of the wheel itself, so scheduling allocates nothing. Loop-affine.</summary>
public abstract class LoopTimer
{
    internal LoopTimer? Next;
    internal LoopTimer? Previous;
    internal long DueTick;

    /// <summary>Which list holds it: level × 256 + slot, or one of the special values of <see cref="LoopTimers"/>.</summary>
    internal int List = LoopTimers.NoList;

    /// <summary>Whether it will fire.</summary>
    public bool IsScheduled => List != LoopTimers.NoList;

    /// <summary>The time has come; it is not scheduled any more and may schedule itself again.</summary>
    protected internal abstract void OnTimer();
}

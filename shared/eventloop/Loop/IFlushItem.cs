namespace Ambient.EventLoop;

/// <summary>Work that is done once at the end of a turn, so that many events share one system call. Loop-affine.</summary>
public interface IFlushItem
{
    /// <summary>Whether it waits in the flush queue; written by the loop alone.</summary>
    bool IsFlushQueued { get; set; }

    /// <summary>Writes out what the turn has gathered.</summary>
    void OnFlush();
}

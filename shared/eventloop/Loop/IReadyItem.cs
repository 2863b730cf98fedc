namespace Ambient.EventLoop;

/// <summary>Work that goes on later in this turn or in the next. Loop-affine.</summary>
public interface IReadyItem
{
    /// <summary>Whether it waits in the ready queue; written by the loop alone.</summary>
    bool IsQueued { get; set; }

    /// <summary>Does one quantum of work; queues itself again when there is more. First come, first served is the fairness.</summary>
    void OnReady();
}

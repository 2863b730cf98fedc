namespace Ambient.EventLoop;

/// <summary>Something on a loop that can be taken out of service when its code throws. Loop-affine.</summary>
public interface ILoopFault
{
    /// <summary>Its code threw: release everything, so that the loop and all the others go on. Must not throw.</summary>
    void OnFault(Exception exception);
}

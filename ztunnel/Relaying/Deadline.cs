using Ambient.EventLoop;

namespace Ambient.Ztunnel.Relaying;

/// <summary>The limit of one wait (view, certificate, connect). Loop-affine; made only while something is awaited.</summary>
internal sealed class Deadline(IDeadlineOwner owner) : LoopTimer, ILoopFault
{
    /// <inheritdoc/>
    public void OnFault(Exception exception) => (owner as ILoopFault)?.OnFault(exception);

    /// <inheritdoc/>
    protected override void OnTimer() => owner.OnDeadline();
}

using Ambient.EventLoop;

namespace Ambient.Waypoint.Http;

/// <summary>
/// A client that was answered before it had sent all of its request gets some time for the rest, which nobody wants; one that has ended its direction gets some until
/// its answer begins, for it may have left. Loop-affine.
/// </summary>
/// <param name="onTimeout">Ends the connection.</param>
internal sealed class ClientLimit(Action onTimeout) : LoopTimer
{
    /// <inheritdoc/>
    protected override void OnTimer() => onTimeout();
}

using Ambient.EventLoop;

namespace Ambient.Waypoint.Http;

/// <summary>Ends a connection that takes too long to come about. Loop-affine.</summary>
/// <param name="onTimeout">Ends it, unless it is there.</param>
internal sealed class ConnectLimit(Action onTimeout) : LoopTimer
{
    /// <inheritdoc/>
    protected override void OnTimer() => onTimeout();
}

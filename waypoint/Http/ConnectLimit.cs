using Ambient.EventLoop;

namespace Ambient.Waypoint.Http;

/// <summary>Ends a connection that takes too long to come about. Loop-affine.</summary>
internal sealed class ConnectLimit(Http1Client client) : LoopTimer
{
    /// <inheritdoc/>
    protected override void OnTimer() => client.OnConnectTimeout();
}

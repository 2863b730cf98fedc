using Ambient.EventLoop;

namespace Ambient.Hbone.Sessions;

/// <summary>The session's one timer: connect, handshake, then keep-alive. Loop-affine.</summary>
internal sealed class SessionTimer(Session session) : LoopTimer
{
    /// <inheritdoc/>
    protected override void OnTimer() => session.OnTimer();
}

using Ambient.EventLoop;

namespace Ambient.Waypoint.Forwarding;

/// <summary>One of the limits of an exchange. Loop-affine; a closure-free node of the wheel.</summary>
internal sealed class ExchangeTimer(Exchange exchange, ExchangeTimerKind kind) : LoopTimer, ILoopFault
{
    /// <inheritdoc/>
    public void OnFault(Exception exception) => exchange.OnFault(exception);

    /// <inheritdoc/>
    protected override void OnTimer() => exchange.OnTimer(kind);
}

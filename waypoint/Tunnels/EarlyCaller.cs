using Ambient.EventLoop;

namespace Ambient.Waypoint.Tunnels;

/// <summary>One of the <see cref="EarlyCallers"/>. Loop-affine.</summary>
/// <param name="callers">All of them.</param>
/// <param name="tryServe">Looks once more whether it is served; whether it was.</param>
/// <param name="refuse">Sends it away.</param>
internal sealed class EarlyCaller(EarlyCallers callers, Func<bool> tryServe, Action refuse) : LoopTimer, ILoopFault
{
    /// <summary>Looks once more whether it is served; whether it was.</summary>
    public bool TryServe() => tryServe();

    /// <summary>It has gone by itself.</summary>
    public void Leave() => callers.Forget(this);

    /// <inheritdoc/>
    public void OnFault(Exception exception)
    {
        callers.Forget(this);
        refuse();
    }

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        callers.Forget(this);
        refuse();
    }
}

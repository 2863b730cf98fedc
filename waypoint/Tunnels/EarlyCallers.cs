namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// Callers of what is not served here, perhaps only not yet: ztunnels hear of a service's new waypoint at about the time the waypoint itself hears of it, and nobody says
/// who is first. They have no answer yet, and each change of mesh or configuration is looked at for them, for a moment and no longer. Who waits gets nothing that it would
/// not get if it came later, so the control plane's silence makes no difference. Loop-affine.
/// </summary>
internal sealed class EarlyCallers(WaypointLoop loop)
{
    /// <summary>Who comes when so many wait is sent away at once.</summary>
    public const int MaxWaiting = 256;

    /// <summary>How long they wait. Callers give a waypoint ten seconds to answer.</summary>
    public const long PatienceMilliseconds = 2_000;

    private readonly HashSet<EarlyCaller> _waiting = [];

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Lets one wait; null when it may not, and its owner sends it away.</summary>
    /// <param name="tryServe">Looks once more whether it is served; whether it was.</param>
    /// <param name="refuse">Sends it away.</param>
    public EarlyCaller? Add(Func<bool> tryServe, Action refuse)
    {
        if (loop.IsDraining || _waiting.Count >= MaxWaiting)
        {
            return null;
        }

        EarlyCaller caller = new(this, tryServe, refuse);
        _waiting.Add(caller);
        loop.Loop.Timers.Schedule(caller, loop.Loop.NowMilliseconds + PatienceMilliseconds);
        return caller;
    }

    /// <summary>Something has changed. What changes is published before this is posted to the loop, so nobody who looked before it is forgotten.</summary>
    public void Look()
    {
        foreach (EarlyCaller caller in _waiting.Count == 0 ? [] : _waiting.ToArray())
        {
            // Serving one may end others of the same connection.
            if (_waiting.Contains(caller) && caller.TryServe())
            {
                Forget(caller);
            }
        }
    }

    /// <summary>One does not wait any more.</summary>
    public void Forget(EarlyCaller caller)
    {
        loop.Loop.Timers.Cancel(caller);
        _waiting.Remove(caller);
    }
}

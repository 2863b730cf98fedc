using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Edges;

/// <summary>
/// How long a client outside the mesh has been doing the same: whoever sends a head for too long, asks for nothing for too long, or does not leave when all is said, is sent away. Loop-affine.
/// </summary>
/// <remarks>Requests that are under way have limits of their own (those of their routes, and those of <see cref="WaitingTimes"/> when nothing moves); a client that takes nothing of an answer has this one.</remarks>
internal sealed class ClientPace(Func<(HttpActivity Activity, long Heads, int Unsent)> look, long begun)
{
    private HttpActivity _activity = HttpActivity.Head;
    private long _heads;
    private int _unsent;
    private long _since = begun;

    /// <summary>What it is doing for too long.</summary>
    public HttpActivity Activity => _activity;

    /// <summary>Looks whether it does.</summary>
    public bool IsLate(long now)
    {
        (HttpActivity activity, long heads, int unsent) = look();
        bool isSame = activity == _activity && heads == _heads && (unsent == 0 ? _unsent == 0 : unsent == _unsent);
        (_activity, _heads, _unsent) = (activity, heads, unsent);
        if (!isSame)
        {
            _since = now;
            return false;
        }

        return now - _since > (unsent > 0 ? WaitingTimes.ClientStall : activity switch
        {
            HttpActivity.Head => WaitingTimes.Head,
            HttpActivity.Idle => WaitingTimes.IdleClient,
            HttpActivity.Closing => WaitingTimes.Close,
            _ => long.MaxValue,
        });
    }
}

using System.Runtime.InteropServices;

namespace Ambient.ControlPlane.Authority.Serving;

/// <summary>Counts who waits, so that neither all nor one are too many. Thread-safe.</summary>
internal sealed class WaitingRoom(int most, int mostOfOne)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _of = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>Whether one more of somebody may wait; then it <see cref="Leave"/>s later.</summary>
    public bool TryEnter(string who)
    {
        lock (_gate)
        {
            if (_all >= most || _of.GetValueOrDefault(who) >= mostOfOne)
            {
                return false;
            }

            _all++;
            CollectionsMarshal.GetValueRefOrAddDefault(_of, who, out _)++;
            return true;
        }
    }

    /// <summary>One of somebody waits no more.</summary>
    public void Leave(string who)
    {
        lock (_gate)
        {
            _all--;
            if (--CollectionsMarshal.GetValueRefOrNullRef(_of, who) == 0)
            {
                _of.Remove(who);
            }
        }
    }
}

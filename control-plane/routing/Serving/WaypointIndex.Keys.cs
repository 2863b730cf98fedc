using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Serving;

public sealed partial class WaypointIndex
{
    // What each piece was made with: what it is compared with when keys may be different.
    private readonly Dictionary<Unit, Dictionary<KeySource, string?>> _keysIn = [];

    /// <summary>
    /// Asks for every key set that is in use, which is what keeps it in use, and marks the pieces that were made with another one. To be called when key sets changed,
    /// and now and then also when none did.
    /// </summary>
    public void CheckKeys()
    {
        foreach ((Unit unit, Dictionary<KeySource, string?> madeWith) in _keysIn)
        {
            // All of them are asked for, also after the first that differs.
            foreach ((KeySource source, string? keys) in madeWith)
            {
                if (_keys(source) != keys)
                {
                    _due.Add(unit);
                }
            }
        }
    }

    /// <summary>Finds keys for a piece and notes which.</summary>
    private Func<KeySource, string?> KeysFor(Unit unit) => source =>
    {
        string? keys = _keys(source);
        if (!_keysIn.TryGetValue(unit, out Dictionary<KeySource, string?>? madeWith))
        {
            _keysIn[unit] = madeWith = [];
        }

        madeWith[source] = keys;
        return keys;
    };
}

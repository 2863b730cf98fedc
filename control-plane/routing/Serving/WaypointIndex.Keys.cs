using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Routing.Serving;

public sealed partial class WaypointIndex
{
    // What each piece was made with: what it is compared with when keys may be different.
    private readonly Dictionary<Unit, Dictionary<KeySource, KeyAnswer>> _keysIn = [];

    /// <summary>
    /// Asks for every key set that is in use, which is what keeps it in use, and marks the pieces that were made with another one. To be called when key sets changed,
    /// and now and then also when none did.
    /// </summary>
    public void CheckKeys()
    {
        foreach ((Unit unit, Dictionary<KeySource, KeyAnswer> madeWith) in _keysIn)
        {
            // All of them are asked for, also after the first that differs.
            foreach ((KeySource source, KeyAnswer keys) in madeWith)
            {
                if (_keys(source, AskerOf(unit)) != keys)
                {
                    _due.Add(unit);
                }
            }
        }
    }

    /// <summary>The namespace of the RequestAuthentication that a piece is made of.</summary>
    private static string AskerOf(Unit unit) => Key(unit.Name).Namespace;

    /// <summary>Why a piece was made without keys.</summary>
    private Func<KeySource, string?> KeysMissingIn(Unit unit) => source => _keysIn[unit][source].Error;

    /// <summary>Finds keys for a piece and notes which.</summary>
    private Func<KeySource, string?> KeysFor(Unit unit) => source =>
    {
        KeyAnswer keys = _keys(source, AskerOf(unit));
        if (!_keysIn.TryGetValue(unit, out Dictionary<KeySource, KeyAnswer>? madeWith))
        {
            _keysIn[unit] = madeWith = [];
        }

        madeWith[source] = keys;
        return keys.Keys;
    };
}

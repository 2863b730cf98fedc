namespace Ambient.Waypoint.Tunnels;

/// <summary>One of the names that clients have chosen. Loop-affine.</summary>
/// <param name="names">All of them.</param>
/// <param name="key">Its connections.</param>
internal sealed class ChosenName(ChosenNames names, PoolOf key)
{
    /// <summary>Whether its first connection may be made in any case.</summary>
    public bool IsFirst => names.IsFirst(key);

    /// <summary>Lets go of a connection of another name that nobody uses; whether there was one.</summary>
    public bool TryMakeRoom() => names.TryMakeRoom(key);
}

namespace Ambient.Cni.Redirection.Rules;

/// <summary>What conntrack makes of a packet.</summary>
public enum TrackedState
{
    /// <summary>Part of a connection of which both directions were seen, or an error that belongs to one.</summary>
    Established = 0,

    /// <summary>Part of nothing: no opening packet of a connection, and of none that is there.</summary>
    Invalid = 1,
}

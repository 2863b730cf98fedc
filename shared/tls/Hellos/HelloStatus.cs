namespace Ambient.Tls.Hellos;

/// <summary>What the first bytes of a connection are.</summary>
public enum HelloStatus
{
    /// <summary>The beginning of a hello, perhaps.</summary>
    Incomplete = 0,

    /// <summary>A whole hello.</summary>
    Found = 1,

    /// <summary>Anything else.</summary>
    Bad = 2,
}

namespace Ambient.Mesh.Policies;

/// <summary>How a text is compared.</summary>
public enum StringMatchKind
{
    /// <summary>Equal.</summary>
    Exact = 0,

    /// <summary>Begins with.</summary>
    Prefix = 1,

    /// <summary>Ends with.</summary>
    Suffix = 2,

    /// <summary>Isn't empty.</summary>
    Presence = 3,
}

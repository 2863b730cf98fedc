namespace Ambient.Mesh.Policies;

/// <summary>What a matching policy does (wire numbers).</summary>
public enum PolicyAction
{
    /// <summary>Accepts; its mere existence refuses what no ALLOW policy accepts.</summary>
    Allow = 0,

    /// <summary>Refuses.</summary>
    Deny = 1,
}

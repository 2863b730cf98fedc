namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>What is known of a source's keys. Immutable.</summary>
/// <param name="Keys">The last good ones; null: there are none.</param>
/// <param name="Error">Why there are none; null: there are, or nobody has tried yet.</param>
public readonly record struct KeyAnswer(string? Keys, string? Error)
{
    /// <summary>Nobody has tried to get them yet.</summary>
    public bool IsPending => Keys is null && Error is null;
}

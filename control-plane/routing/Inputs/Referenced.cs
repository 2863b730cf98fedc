namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>What a Secret or ConfigMap says that another object names. Its text form shows no value. Immutable.</summary>
/// <param name="IsKnown">Whether it was looked at; false: that is under way.</param>
/// <param name="Data">Its values by name; null: there is no such object, or nobody may look.</param>
/// <param name="Refusal">Why nobody looks, to be put behind its name; null: somebody does.</param>
public sealed record Referenced(bool IsKnown, IReadOnlyDictionary<string, byte[]>? Data, string? Refusal = null)
{
    /// <summary>It is being looked at.</summary>
    public static Referenced Unknown { get; } = new(false, null);

    /// <summary>There is no such object.</summary>
    public static Referenced Missing { get; } = new(true, null);

    /// <summary>Nobody looks at it.</summary>
    public static Referenced Refused(string why) => new(true, null, why);

    /// <inheritdoc/>
    public override string ToString() => !IsKnown ? "not known yet" : Refusal ?? (Data is null ? "missing" : string.Join(", ", Data.Keys));
}

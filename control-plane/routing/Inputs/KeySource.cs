namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>Where the keys of an issuer come from. Immutable.</summary>
/// <param name="Issuer">The issuer.</param>
/// <param name="Address">Where its key set is; empty: the issuer's discovery document says.</param>
/// <param name="Timeout">How long an answer is waited for.</param>
public sealed record KeySource(string Issuer, string Address, TimeSpan Timeout)
{
    /// <summary>When nothing is said about it.</summary>
    public static TimeSpan UsualTimeout { get; } = TimeSpan.FromSeconds(5);
}

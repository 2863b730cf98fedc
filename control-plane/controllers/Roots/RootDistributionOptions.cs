namespace Ambient.ControlPlane.Controllers.Roots;

/// <summary>Where roots are put. Immutable.</summary>
public sealed record RootDistributionOptions
{
    /// <summary>The ConfigMap of the roots.</summary>
    public string RootMap { get; init; } = "istio-ca-root-cert";

    /// <summary>The ConfigMap of revocation lists.</summary>
    public string RevocationMap { get; init; } = "istio-ca-crl";

    /// <summary>Whether a namespace is to have them.</summary>
    public Func<string, bool> IsSelected { get; init; } = static _ => true;
}

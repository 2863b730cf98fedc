namespace Ambient.ControlPlane.Controllers.Roots;

/// <summary>What every namespace gets. Immutable.</summary>
/// <param name="RootsPem">The roots.</param>
/// <param name="RevocationPem">Revocation lists; null: none.</param>
public sealed record RootBundle(string RootsPem, string? RevocationPem);

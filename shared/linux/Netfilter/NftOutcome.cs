namespace Ambient.Linux.Netfilter;

/// <summary>What nft said to its commands. Immutable.</summary>
/// <param name="Succeeded">Whether they came into force; otherwise nothing changed.</param>
/// <param name="Output">What <c>nft</c> would have printed.</param>
/// <param name="Errors">What <c>nft</c> would have complained.</param>
public sealed record NftOutcome(bool Succeeded, string Output, string Errors);

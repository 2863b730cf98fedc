namespace Ambient.Tls.Verification;

/// <summary>A certificate that may sign others, with its decoded key. Immutable.</summary>
internal sealed record Issuer(ParsedCertificate Certificate, PublicKey Key);

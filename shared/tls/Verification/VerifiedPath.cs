namespace Ambient.Tls.Verification;

/// <summary>The result that is cached for a chain: true for as long as its validity lasts. Immutable.</summary>
internal sealed record VerifiedPath(PeerCertificate Peer, bool AllowsServer, bool AllowsClient);

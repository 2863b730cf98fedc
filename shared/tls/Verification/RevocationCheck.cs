namespace Ambient.Tls.Verification;

/// <summary>
/// Returns whether a certificate of the chain (DER, leaf first, trust anchor last) is listed as revoked; unknown means no
/// (ztunnel reference section 2.11). Must be thread-safe, quick, and must not throw.
/// </summary>
public delegate bool RevocationCheck(IReadOnlyList<ReadOnlyMemory<byte>> chain);

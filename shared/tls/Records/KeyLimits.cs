namespace Ambient.Tls.Records;

/// <summary>How many records one key protects (RFC 8446 section 5.5): when to ask for the next, and when to refuse. Immutable.</summary>
internal readonly record struct KeyLimits(ulong UpdateAfter, ulong RefuseAfter)
{
    // 2^24.5 full records keep AES-GCM's margin; a third of it leaves the caller time to send the KeyUpdate.
    internal static readonly KeyLimits AesGcm = new(1UL << 23, 23_726_566);
    internal static readonly KeyLimits ChaCha20 = new(1UL << 48, 1UL << 60);

    internal static KeyLimits Of(CipherSuite suite) => suite == CipherSuite.ChaCha20Poly1305 ? ChaCha20 : AesGcm;
}

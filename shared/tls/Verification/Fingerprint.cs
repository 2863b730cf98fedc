using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Ambient.Tls.Verification;

/// <summary>SHA-256 of DER bytes, as a key of caches. Immutable.</summary>
internal readonly record struct Fingerprint(ulong A, ulong B, ulong C, ulong D)
{
    internal static Fingerprint Of(ReadOnlySpan<byte> data)
    {
        Fingerprint result = default;
        SHA256.HashData(data, MemoryMarshal.AsBytes(new Span<Fingerprint>(ref result)));
        return result;
    }
}

using System.Security.Cryptography;

namespace Ambient.Tls.Records;

/// <summary>The parts of the TLS 1.3 key schedule that follow the handshake (RFC 8446 sections 7.1 to 7.3). Pure.</summary>
internal static class KeySchedule
{
    internal const int MaxSecret = 48;
    internal const int MaxKey = 32;
    internal const int NonceSize = 12;

    private const int MaxInfo = 64;

    internal static bool IsSha384(CipherSuite suite) => suite == CipherSuite.Aes256Gcm;

    internal static int SecretLength(CipherSuite suite) => IsSha384(suite) ? 48 : 32;

    internal static int KeyLength(CipherSuite suite) => suite == CipherSuite.Aes128Gcm ? 16 : 32;

    internal static bool IsSupported(CipherSuite suite) =>
        suite is CipherSuite.Aes128Gcm or CipherSuite.Aes256Gcm or CipherSuite.ChaCha20Poly1305;

    /// <summary>HKDF-Expand-Label with an empty context, for outputs of at most one hash.</summary>
    internal static void ExpandLabel(CipherSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, Span<byte> output)
    {
        // struct { uint16 length; opaque label<7..255> = "tls13 " + label; opaque context<0..255>; }, and HKDF's counter 1.
        Span<byte> info = stackalloc byte[MaxInfo];
        ReadOnlySpan<byte> prefix = "tls13 "u8;
        info[0] = 0;
        info[1] = (byte)output.Length;
        info[2] = (byte)(prefix.Length + label.Length);
        prefix.CopyTo(info[3..]);
        label.CopyTo(info[(3 + prefix.Length)..]);
        int length = 3 + prefix.Length + label.Length;
        info[length++] = 0;
        info[length++] = 1;

        Span<byte> block = stackalloc byte[MaxSecret];
        if (IsSha384(suite))
        {
            HMACSHA384.HashData(secret, info[..length], block);
        }
        else
        {
            HMACSHA256.HashData(secret, info[..length], block);
        }

        block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(block);
    }

    /// <summary>The secret of the next generation (section 7.2), in place.</summary>
    internal static void NextSecret(CipherSuite suite, Span<byte> secret)
    {
        Span<byte> next = stackalloc byte[MaxSecret];
        next = next[..secret.Length];
        ExpandLabel(suite, secret, "traffic upd"u8, next);
        next.CopyTo(secret);
        CryptographicOperations.ZeroMemory(next);
    }
}

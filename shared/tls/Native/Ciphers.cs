using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;

namespace Ambient.Tls.Native;

/// <summary>The AEAD implementations, fetched once per process (a fetch per connection costs microseconds). Thread-safe.</summary>
internal static unsafe class Ciphers
{
    private static readonly Lazy<nint[]> Fetched = new(Fetch);

    internal static nint Of(CipherSuite suite) => suite switch
    {
        CipherSuite.Aes128Gcm => Fetched.Value[0],
        CipherSuite.Aes256Gcm => Fetched.Value[1],
        CipherSuite.ChaCha20Poly1305 => Fetched.Value[2],
        _ => throw new TlsException($"cipher suite 0x{(int)suite:x4} is not supported"),
    };

    private static nint[] Fetch()
    {
        OpenSslLibrary.EnsureLoaded();
        return [Fetch("AES-128-GCM\0"u8), Fetch("AES-256-GCM\0"u8), Fetch("ChaCha20-Poly1305\0"u8)];
    }

    private static nint Fetch(ReadOnlySpan<byte> name)
    {
        fixed (byte* pointer = name)
        {
            // A provider without a cipher (FIPS has no ChaCha20) leaves 0; the suite is then not offered by libssl either.
            nint cipher = Libcrypto.EVP_CIPHER_fetch(0, pointer, null);
            Libcrypto.ERR_clear_error();
            return cipher;
        }
    }
}

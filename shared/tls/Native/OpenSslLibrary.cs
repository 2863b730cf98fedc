using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ambient.Tls.Handshakes;

[assembly: DisableRuntimeMarshalling]

namespace Ambient.Tls.Native;

/// <summary>Finds libssl and libcrypto once per process and checks version and symbols. Thread-safe.</summary>
internal static unsafe class OpenSslLibrary
{
    private static readonly string[] SslNames = ["libssl.so.3", "libssl.so.4", "libssl.so", "libssl.3.dylib"];
    private static readonly string[] CryptoNames = ["libcrypto.so.3", "libcrypto.so.4", "libcrypto.so", "libcrypto.3.dylib"];

    // One of each group that came late or is a candidate for removal; a missing one is named at start instead of on first use.
    private static readonly string[] NeededSsl =
        ["TLS_method", "SSL_CTX_set_keylog_callback", "SSL_CTX_set_ciphersuites", "SSL_CTX_set_num_tickets", "SSL_CTX_set_cert_verify_callback", "SSL_CIPHER_get_protocol_id"];

    private static readonly string[] NeededCrypto =
        ["OPENSSL_version_major", "EVP_CIPHER_fetch", "EVP_CipherInit_ex", "EVP_DigestVerify", "X509_STORE_CTX_get0_untrusted", "OPENSSL_sk_value", "EVP_PKEY_get_base_id"];

    private static readonly Lazy<State> Loaded = new(Load);

    private sealed record State(nint Ssl, nint Crypto, string? Error);

    /// <summary>The library's own version text; loads it when needed.</summary>
    internal static string Version => Marshal.PtrToStringUTF8((nint)VersionText()) ?? "unknown";

    /// <summary>Loads the libraries.</summary>
    /// <exception cref="TlsException">A library, a symbol or the right version is missing.</exception>
    internal static void EnsureLoaded()
    {
        if (Loaded.Value.Error is { } error)
        {
            throw new TlsException(error);
        }
    }

    private static byte* VersionText()
    {
        EnsureLoaded();
        return Libcrypto.OpenSSL_version(0);
    }

    private static State Load()
    {
        // libcrypto first: libssl refers to it, and both must be of one build.
        if (!TryOpen(CryptoNames, out nint crypto))
        {
            return new State(0, 0, $"libcrypto of OpenSSL 3 was not found (tried {string.Join(", ", CryptoNames)}); install OpenSSL 3 (package libssl3)");
        }

        if (!TryOpen(SslNames, out nint ssl))
        {
            return new State(0, 0, $"libssl of OpenSSL 3 was not found (tried {string.Join(", ", SslNames)}); install OpenSSL 3 (package libssl3)");
        }

        if (Missing(ssl, NeededSsl) is { } symbol)
        {
            return new State(0, 0, $"libssl lacks the symbol {symbol}; OpenSSL 3.0 or newer is needed");
        }

        if (Missing(crypto, NeededCrypto) is { } cryptoSymbol)
        {
            return new State(0, 0, $"libcrypto lacks the symbol {cryptoSymbol}; OpenSSL 3.0 or newer is needed");
        }

        var state = new State(ssl, crypto, null);
        NativeLibrary.SetDllImportResolver(typeof(OpenSslLibrary).Assembly, (name, _, _) => Resolve(name, state));
        uint major = Libcrypto.OPENSSL_version_major();
        return major >= 3 ? state : state with { Error = $"OpenSSL 3.0 or newer is needed, found major version {major}" };
    }

    private static nint Resolve(string name, State state) => name switch
    {
        Libssl.Library => state.Ssl,
        Libcrypto.Library => state.Crypto,
        _ => 0,
    };

    private static bool TryOpen(string[] names, out nint handle)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, typeof(OpenSslLibrary).Assembly, null, out handle))
            {
                return true;
            }
        }

        handle = 0;
        return false;
    }

    private static string? Missing(nint library, string[] symbols) =>
        Array.Find(symbols, symbol => !NativeLibrary.TryGetExport(library, symbol, out _));
}

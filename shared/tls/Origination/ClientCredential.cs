using System.Security.Cryptography;
using Ambient.Tls.Native;

namespace Ambient.Tls.Origination;

/// <summary>Puts a certificate chain and its key from PEM into an SSL_CTX.</summary>
internal static unsafe class ClientCredential
{
    /// <summary>Null, or why it cannot be used; never names a value.</summary>
    internal static string? Load(nint context, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey)
    {
        ErrorQueue.Clear();
        if (!PemParts.TryRead(certificate, static label => label is "CERTIFICATE" or "X509 CERTIFICATE", out List<byte[]> chain, out string? error))
        {
            return "the client certificate: " + error;
        }

        if (chain.Count == 0)
        {
            return "the client certificate: there is none in it";
        }

        for (int i = 0; i < chain.Count; i++)
        {
            if (!TryAdd(context, chain[i], isLeaf: i == 0))
            {
                return "the client certificate cannot be used: " + ErrorQueue.Drain();
            }
        }

        return LoadKey(context, privateKey);
    }

    private static bool TryAdd(nint context, byte[] der, bool isLeaf)
    {
        fixed (byte* start = der)
        {
            byte* position = start;
            nint decoded = Libcrypto.d2i_X509(null, &position, der.Length);
            if (decoded == 0)
            {
                return false;
            }

            if (isLeaf)
            {
                int used = Libssl.SSL_CTX_use_certificate(context, decoded);
                Libcrypto.X509_free(decoded);
                return used == 1;
            }

            // The context owns it from here on.
            if (Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_CHAIN_CERT, 0, (void*)decoded) == 1)
            {
                return true;
            }

            Libcrypto.X509_free(decoded);
            return false;
        }
    }

    private static string? LoadKey(nint context, ReadOnlySpan<byte> privateKey)
    {
        if (!PemParts.TryRead(privateKey, static label => label is "PRIVATE KEY" or "RSA PRIVATE KEY" or "EC PRIVATE KEY", out List<byte[]> keys, out string? error))
        {
            return "the private key: " + error;
        }

        try
        {
            if (keys.Count != 1)
            {
                return keys.Count == 0 ? "the private key: there is none in it that can be read (PKCS#8, PKCS#1 or SEC 1, not encrypted)" : "the private key: there are several in it";
            }

            fixed (byte* start = keys[0])
            {
                byte* position = start;
                nint key = Libcrypto.d2i_AutoPrivateKey(null, &position, keys[0].Length);
                int used = key == 0 ? 0 : Libssl.SSL_CTX_use_PrivateKey(context, key);
                Libcrypto.EVP_PKEY_free(key);
                return key == 0 ? "the private key cannot be read: " + ErrorQueue.Drain()
                    : used != 1 || Libssl.SSL_CTX_check_private_key(context) != 1 ? "the private key does not belong to the client certificate: " + ErrorQueue.Drain()
                    : null;
            }
        }
        finally
        {
            keys.ForEach(static key => CryptographicOperations.ZeroMemory(key));
        }
    }
}

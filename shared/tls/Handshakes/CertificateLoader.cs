using Ambient.Identity.Certificates;
using Ambient.Tls.Native;

namespace Ambient.Tls.Handshakes;

/// <summary>Puts a certificate, its intermediates and its key into an SSL_CTX, from memory.</summary>
internal static unsafe class CertificateLoader
{
    internal static void Load(nint context, WorkloadCertificate certificate) =>
        Load(context, certificate.LeafDer, certificate.IntermediatesDer, certificate.PrivateKeyPkcs8, certificate.Identity.ToString());

    /// <summary>Also a second one with another kind of key. The key is PKCS#8, or one of the older forms.</summary>
    internal static void Load(nint context, ReadOnlyMemory<byte> leafDer, IReadOnlyList<ReadOnlyMemory<byte>> intermediates, ReadOnlyMemory<byte> privateKey, string whose)
    {
        nint leaf = Decode(leafDer.Span, $"the certificate of {whose}");
        int used = Libssl.SSL_CTX_use_certificate(context, leaf);
        Libcrypto.X509_free(leaf);
        TlsContext.Check(used, $"the certificate of {whose} can't be used");

        foreach (ReadOnlyMemory<byte> der in intermediates)
        {
            nint intermediate = Decode(der.Span, $"an intermediate certificate of {whose}");
            nint added = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_CHAIN_CERT, 0, (void*)intermediate);
            if (added != 1)
            {
                Libcrypto.X509_free(intermediate);
            }

            TlsContext.Check(added, $"an intermediate certificate of {whose} can't be used");
        }

        LoadKey(context, privateKey.Span, whose);
    }

    private static void LoadKey(nint context, ReadOnlySpan<byte> privateKey, string whose)
    {
        fixed (byte* start = privateKey)
        {
            byte* position = start;
            nint key = Libcrypto.d2i_AutoPrivateKey(null, &position, privateKey.Length);
            TlsContext.Check(key == 0 ? 0 : 1, $"the private key of {whose} can't be read");
            int used = Libssl.SSL_CTX_use_PrivateKey(context, key);
            Libcrypto.EVP_PKEY_free(key);
            TlsContext.Check(used, $"the private key of {whose} does not belong to its certificate");
            TlsContext.Check(Libssl.SSL_CTX_check_private_key(context), $"the private key of {whose} does not belong to its certificate");
        }
    }

    internal static nint Decode(ReadOnlySpan<byte> der, string what)
    {
        fixed (byte* start = der)
        {
            byte* position = start;
            nint certificate = Libcrypto.d2i_X509(null, &position, der.Length);
            TlsContext.Check(certificate == 0 ? 0 : 1, $"{what} can't be decoded");
            return certificate;
        }
    }
}

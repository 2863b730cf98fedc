using Ambient.Identity.Certificates;
using Ambient.Tls.Native;

namespace Ambient.Tls.Handshakes;

/// <summary>Puts a certificate, its intermediates and its key into an SSL_CTX, from memory.</summary>
internal static unsafe class CertificateLoader
{
    internal static void Load(nint context, WorkloadCertificate certificate)
    {
        nint leaf = Decode(certificate.LeafDer.Span, $"the certificate of {certificate.Identity}");
        int used = Libssl.SSL_CTX_use_certificate(context, leaf);
        Libcrypto.X509_free(leaf);
        TlsContext.Check(used, $"the certificate of {certificate.Identity} can't be used");

        foreach (ReadOnlyMemory<byte> der in certificate.IntermediatesDer)
        {
            nint intermediate = Decode(der.Span, $"an intermediate certificate of {certificate.Identity}");
            nint added = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_CHAIN_CERT, 0, (void*)intermediate);
            if (added != 1)
            {
                Libcrypto.X509_free(intermediate);
            }

            TlsContext.Check(added, $"an intermediate certificate of {certificate.Identity} can't be used");
        }

        LoadKey(context, certificate);
    }

    private static void LoadKey(nint context, WorkloadCertificate certificate)
    {
        ReadOnlySpan<byte> pkcs8 = certificate.PrivateKeyPkcs8.Span;
        fixed (byte* start = pkcs8)
        {
            byte* position = start;
            nint key = Libcrypto.d2i_AutoPrivateKey(null, &position, pkcs8.Length);
            TlsContext.Check(key == 0 ? 0 : 1, $"the private key of {certificate.Identity} can't be read as PKCS#8");
            int used = Libssl.SSL_CTX_use_PrivateKey(context, key);
            Libcrypto.EVP_PKEY_free(key);
            TlsContext.Check(used, $"the private key of {certificate.Identity} does not belong to its certificate");
            TlsContext.Check(Libssl.SSL_CTX_check_private_key(context), $"the private key of {certificate.Identity} does not belong to its certificate");
        }
    }

    private static nint Decode(ReadOnlySpan<byte> der, string what)
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

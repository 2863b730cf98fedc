using Ambient.Tls.Native;

namespace Ambient.Tls.Origination;

/// <summary>Makes an X509_STORE of PEM text.</summary>
internal static unsafe class TrustStore
{
    /// <summary>A store; 0 when it cannot be made, and why.</summary>
    /// <param name="authorities">Certificates.</param>
    /// <param name="revocations">Revocation lists; empty: revocation is not looked at.</param>
    /// <param name="isPartial">Whether a chain may end at a certificate that is no root.</param>
    /// <param name="error">Why there is none.</param>
    internal static nint Create(ReadOnlySpan<byte> authorities, ReadOnlySpan<byte> revocations, bool isPartial, out string? error)
    {
        if (!PemParts.TryRead(authorities, static label => label is "CERTIFICATE" or "TRUSTED CERTIFICATE" or "X509 CERTIFICATE", out List<byte[]> certificates, out error))
        {
            return 0;
        }

        if (certificates.Count == 0)
        {
            error = "there is no certificate in it";
            return 0;
        }

        if (!PemParts.TryRead(revocations, static label => label == "X509 CRL", out List<byte[]> lists, out error))
        {
            return 0;
        }

        if (lists.Count == 0 && !revocations.IsEmpty)
        {
            error = "there is no revocation list in it";
            return 0;
        }

        nint store = Libcrypto.X509_STORE_new();
        error = Fill(store, certificates, lists);
        if (error is not null)
        {
            Libcrypto.X509_STORE_free(store);
            return 0;
        }

        // Those who name an intermediate as their authority mean it.
        nuint flags = (isPartial ? Libcrypto.X509_V_FLAG_PARTIAL_CHAIN : 0) | (lists.Count > 0 ? Libcrypto.X509_V_FLAG_CRL_CHECK | Libcrypto.X509_V_FLAG_CRL_CHECK_ALL : 0);
        _ = Libcrypto.X509_STORE_set_flags(store, flags);
        return store;
    }

    private static string? Fill(nint store, List<byte[]> certificates, List<byte[]> lists)
    {
        ErrorQueue.Clear();
        if (store == 0)
        {
            return "no memory";
        }

        foreach (byte[] der in certificates)
        {
            nint certificate = Decode(der);
            int added = certificate == 0 ? 0 : Libcrypto.X509_STORE_add_cert(store, certificate);
            Libcrypto.X509_free(certificate);
            if (added != 1)
            {
                return "a certificate in it cannot be used: " + ErrorQueue.Drain();
            }
        }

        foreach (byte[] der in lists)
        {
            fixed (byte* start = der)
            {
                byte* position = start;
                nint list = Libcrypto.d2i_X509_CRL(null, &position, der.Length);
                int added = list == 0 ? 0 : Libcrypto.X509_STORE_add_crl(store, list);
                Libcrypto.X509_CRL_free(list);
                if (added != 1)
                {
                    return "a revocation list in it cannot be used: " + ErrorQueue.Drain();
                }
            }
        }

        return null;
    }

    private static nint Decode(byte[] der)
    {
        fixed (byte* start = der)
        {
            byte* position = start;
            return Libcrypto.d2i_X509(null, &position, der.Length);
        }
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Trust;

namespace Ambient.ControlPlane.Authority.Signing;

/// <summary>Whether the parts of an authority fit together. Stateless; no message has anything of a key.</summary>
internal static class AuthorityCheck
{
    internal static string? Problem(
        X509Certificate2 certificate, AsymmetricAlgorithm key, IReadOnlyList<X509Certificate2> intermediates, TrustBundle roots, int skipped, DateTimeOffset now)
    {
        if (key is not (RSA or ECDsa))
        {
            return "the signing key is neither RSA nor of an elliptic curve";
        }

        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
        {
            return "the signing key is not the certificate's";
        }

        if (roots.RootsDer.Count == 0 || skipped > 0)
        {
            return roots.RootsDer.Count == 0 ? "there is no root certificate" : "a root certificate cannot be read";
        }

        foreach (X509Certificate2 link in intermediates.Prepend(certificate))
        {
            if (!IsAuthority(link))
            {
                return $"the certificate of {link.Subject} may not sign certificates: it is no authority (basicConstraints, keyCertSign)";
            }

            if (link.NotAfter.ToUniversalTime() <= now)
            {
                return $"the certificate of {link.Subject} expired at {link.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}";
            }
        }

        return Chains(certificate, intermediates, roots, now) ? null : $"the certificate of {certificate.Subject} does not lead to any of the roots";
    }

    internal static string? RevocationProblem(string? pem)
    {
        if (pem is null)
        {
            return null;
        }

        ReadOnlySpan<char> text = pem;
        int count = 0;
        while (PemEncoding.TryFind(text, out PemFields fields))
        {
            byte[] der = new byte[fields.DecodedDataLength];
            if (text[fields.Label] is not "X509 CRL" || !Convert.TryFromBase64Chars(text[fields.Base64Data], der, out _) || !RevocationList.TryParse(der, out _, out _))
            {
                return "the revocation list cannot be read";
            }

            count++;
            text = text[fields.Location.End..];
        }

        return count == 0 ? "the revocation list is not PEM with the label X509 CRL" : null;
    }

    private static bool IsAuthority(X509Certificate2 certificate)
    {
        var constraints = certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault();
        var usage = certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        return constraints?.CertificateAuthority == true && (usage is null || usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));
    }

    private static bool Chains(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> intermediates, TrustBundle roots, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        foreach (ReadOnlyMemory<byte> root in roots.RootsDer)
        {
            chain.ChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(root.Span));
        }

        chain.ChainPolicy.ExtraStore.AddRange(intermediates.ToArray());
        return chain.Build(certificate);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Signing;

namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>
/// Roots of our own with one key: the newest certificate first, after it those before it that are still valid, then the key. What a store
/// keeps is this as PEM. Immutable; its text is never logged.
/// </summary>
public sealed class SelfSignedRoot : IDisposable
{
    /// <summary>How long a root is valid when nothing else is said.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(3650);

    /// <summary>A root is renewed when less than this part of its life is left.</summary>
    public const double Grace = 0.2;

    private readonly List<X509Certificate2> _certificates;
    private readonly AsymmetricAlgorithm _key;

    private SelfSignedRoot(List<X509Certificate2> certificates, AsymmetricAlgorithm key) => (_certificates, _key) = (certificates, key);

    /// <summary>Makes a key and a root.</summary>
    public static string CreatePem(string trustDomain, DateTimeOffset now, TimeSpan lifetime)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var organization = new X500DistinguishedNameBuilder();
        organization.AddOrganizationName(trustDomain);
        using X509Certificate2 root = MakeRoot(organization.Build(), key, now, lifetime);
        return Format([root], key);
    }

    /// <summary>Reads a stored root; the error has nothing of the text.</summary>
    public static bool TryParse(string pem, [NotNullWhen(true)] out SelfSignedRoot? root, [NotNullWhen(false)] out string? error)
    {
        root = null;
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(pem);
            if (certificates.Count == 0)
            {
                error = "the stored root has no certificate";
                return false;
            }

            AsymmetricAlgorithm key = certificates[0].PublicKey.Oid.Value == "1.2.840.113549.1.1.1" ? RSA.Create() : ECDsa.Create();
            key.ImportFromPem(pem);
            root = new SelfSignedRoot([.. certificates], key);
            error = null;
            return true;
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException)
        {
            error = "the stored root, or its key, cannot be read";
            return false;
        }
    }

    /// <summary>Whether it is time for a new certificate.</summary>
    public bool IsDue(DateTimeOffset now)
    {
        X509Certificate2 newest = _certificates[0];
        TimeSpan life = newest.NotAfter - newest.NotBefore;
        return newest.NotAfter.ToUniversalTime() - now < life * Grace;
    }

    /// <summary>
    /// The same key with a new certificate in front (control-plane reference 6.4). The older ones stay in the bundle while they are valid, so
    /// that whoever holds only the old roots and whoever holds only the new one believe each other throughout.
    /// </summary>
    public string RenewPem(DateTimeOffset now, TimeSpan lifetime)
    {
        using X509Certificate2 next = MakeRoot(_certificates[0].SubjectName, _key, now, lifetime);
        return Format([next, .. _certificates.Where(certificate => certificate.NotAfter.ToUniversalTime() > now)], _key);
    }

    /// <summary>An authority that signs with the newest certificate.</summary>
    public bool TryMakeAuthority(string? revocationPem, DateTimeOffset now, [NotNullWhen(true)] out SigningAuthority? authority, [NotNullWhen(false)] out string? error)
    {
        string roots = string.Concat(_certificates.Where(certificate => certificate.NotAfter.ToUniversalTime() > now).Select(static certificate => certificate.ExportCertificatePem() + "\n"));
        return SigningAuthority.TryMake(X509CertificateLoader.LoadCertificate(_certificates[0].RawData), _key, [], roots, revocationPem, now, out authority, out error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificates.ForEach(static certificate => certificate.Dispose());
        _key.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"root {_certificates[0].Subject} until {_certificates[0].NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}, key ***";

    private static X509Certificate2 MakeRoot(X500DistinguishedName subject, AsymmetricAlgorithm key, DateTimeOffset now, TimeSpan lifetime)
    {
        CertificateRequest request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now - SigningAuthority.Skew, now + lifetime);
    }

    private static string Format(IEnumerable<X509Certificate2> certificates, AsymmetricAlgorithm key) =>
        string.Concat(certificates.Select(static certificate => certificate.ExportCertificatePem() + "\n")) + key.ExportPkcs8PrivateKeyPem() + "\n";
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>An authority for tests and what it signs, PEM.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestCertificates(string name = "Edge Test CA")
    {
        CertificateRequest request = new($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <summary>The authority's certificate.</summary>
    public string Pem => _authority.ExportCertificatePem() + "\n";

    /// <summary>A certificate for host names or URIs.</summary>
    public (string Chain, string Key) Issue(string[] names, bool isRsa = false, bool isExpired = false)
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = isRsa ? new($"CN={names[0]}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new($"CN={names[0]}", ec, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
        {
            if (name.Contains("://", StringComparison.Ordinal))
            {
                alternatives.AddUri(new Uri(name));
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        DateTimeOffset until = isExpired ? DateTimeOffset.UtcNow.AddDays(-1) : DateTimeOffset.UtcNow.AddDays(10);
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] &= 0x7F;
        using X509Certificate2 made = request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), DateTimeOffset.UtcNow.AddDays(-20), until, serial);
        return (made.ExportCertificatePem() + "\n", isRsa ? rsa.ExportRSAPrivateKeyPem() : ec.ExportECPrivateKeyPem());
    }

    /// <summary>A list that revokes certificates.</summary>
    public string Revoke(params string[] certificates)
    {
        CertificateRevocationListBuilder builder = new();
        foreach (string pem in certificates)
        {
            using X509Certificate2 revoked = X509Certificate2.CreateFromPem(pem);
            builder.AddEntry(revoked);
        }

        byte[] list = builder.Build(_authority, 1, DateTimeOffset.UtcNow.AddDays(5), HashAlgorithmName.SHA256);
        return PemEncoding.WriteString("X509 CRL", list) + "\n";
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ambient.Tls.Tests.Origination;

/// <summary>An authority of the web: leaves with DNS names, addresses and URIs, valid now.</summary>
internal sealed class WebAuthority
{
    private readonly X509Certificate2 _root;

    public WebAuthority(string name = "web root")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(2));
    }

    public byte[] Pem => Encoding.ASCII.GetBytes(_root.ExportCertificatePem());

    public X509Certificate2 Root => _root;

    public X509Certificate2 Issue(string[] names, TimeSpan? validFor = null, string purpose = "1.3.6.1.5.5.7.3.1")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=not.looked.at", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder builder = new();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                builder.AddIpAddress(address);
            }
            else if (name.Contains("://", StringComparison.Ordinal))
            {
                builder.AddUri(new Uri(name));
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        if (names.Length > 0)
        {
            request.CertificateExtensions.Add(builder.Build());
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, false));
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] &= 0x7f;
        using X509Certificate2 signed = request.Create(_root, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow + (validFor ?? TimeSpan.FromHours(1)), serial);
        using X509Certificate2 whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }

    public static byte[] CertificatePem(X509Certificate2 certificate) => Encoding.ASCII.GetBytes(certificate.ExportCertificatePem());

    public static byte[] KeyPem(X509Certificate2 certificate) => Encoding.ASCII.GetBytes(certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
}

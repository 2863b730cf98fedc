using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Tests;

/// <summary>An authority of a test: signs leaves, intermediates and revocation lists.</summary>
internal sealed class TestAuthority
{
    public static readonly DateTimeOffset Epoch = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static int _serial = 1000;
    private readonly X509Certificate2 _certificate;
    private readonly ECDsa _key;

    private TestAuthority(X509Certificate2 certificate, ECDsa key)
    {
        _certificate = certificate;
        _key = key;
    }

    public string Pem => _certificate.ExportCertificatePem();

    public byte[] Der => _certificate.RawData;

    public static SpiffeId Id(string account) => new("cluster.local", "default", account);

    public static TestAuthority Root(string name = "root")
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 own = Request(name, key).CreateSelfSigned(Epoch.AddYears(-1), Epoch.AddYears(10));
        return new TestAuthority(X509CertificateLoader.LoadCertificate(own.RawData), key);
    }

    public TestAuthority Intermediate(string name)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 certificate = Request(name, key).Create(_certificate.CopyWithPrivateKey(_key), Epoch.AddYears(-1), Epoch.AddYears(9), NextSerial());
        return new TestAuthority(certificate, key);
    }

    public X509Certificate2 Leaf(string uri, WorkloadKey key, DateTimeOffset? notAfter = null)
    {
        var request = new CertificateRequest(new X500DistinguishedName("O=test"), new PublicKey(key.Algorithm), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(UriNames.Extension(uri, critical: true));
        return request.Create(_certificate.CopyWithPrivateKey(_key), Epoch.AddHours(-1), notAfter ?? Epoch.AddHours(23), NextSerial());
    }

    public byte[] Leaf(string account)
    {
        using WorkloadKey key = WorkloadKey.Create();
        return Leaf(Id(account).ToString(), key).RawData;
    }

    public byte[] Revoke(params byte[][] certificates)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (byte[] der in certificates)
        {
            using X509Certificate2 parsed = X509CertificateLoader.LoadCertificate(der);
            builder.AddEntry(parsed.SerialNumberBytes.Span, Epoch.AddDays(-1));
        }

        return builder.Build(_certificate.CopyWithPrivateKey(_key), 1, Epoch.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: Epoch.AddDays(-1));
    }

    public string RevokePem(params byte[][] certificates) => PemEncoding.WriteString("X509 CRL", Revoke(certificates));

    private static byte[] NextSerial() => [0x01, .. BitConverter.GetBytes(Interlocked.Increment(ref _serial))];

    private static CertificateRequest Request(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Grpc.Tests.Servers;

/// <summary>A root and a server certificate for some names.</summary>
internal sealed class ServerCertificate
{
    public ServerCertificate(params string[] names)
    {
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=server root " + Guid.NewGuid().ToString("N"), rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 root = rootRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        RootPem = root.ExportCertificatePem();

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using X509Certificate2 leaf = request.Create(root, now.AddHours(-1), now.AddHours(1), [1, 2, 3, 4]);
        Certificate = leaf.CopyWithPrivateKey(key);
        Pem = Certificate.ExportCertificatePem();
        KeyPem = key.ExportPkcs8PrivateKeyPem();
    }

    public string RootPem { get; }

    public string Pem { get; }

    public string KeyPem { get; }

    public X509Certificate2 Certificate { get; }
}

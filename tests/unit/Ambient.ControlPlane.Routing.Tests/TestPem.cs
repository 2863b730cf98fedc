using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>A certificate and its key, as Secrets have them.</summary>
internal sealed class TestPem
{
    public TestPem(string name = "someone")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(90));
        Certificate = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem());
        Key = Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem());
    }

    public byte[] Certificate { get; }

    public byte[] Key { get; }
}

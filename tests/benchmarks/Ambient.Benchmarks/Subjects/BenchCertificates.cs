using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Benchmarks.Subjects;

/// <summary>A P-256 root and two leaf certificates as PEM files, for the peers (nginx, HAProxy).</summary>
internal sealed class BenchCertificates
{
    public BenchCertificates(string directory)
    {
        Root = Path.Combine(directory, "ca.pem");
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=bench root", rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 root = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        File.WriteAllText(Root, root.ExportCertificatePem());
        foreach (string name in new[] { "a", "b" })
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            CertificateRequest leaf = new("CN=" + name + ".local", key, HashAlgorithmName.SHA256);
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(name + ".local");
            leaf.CertificateExtensions.Add(names.Build());
            using X509Certificate2 certificate = leaf.Create(root, now.AddMinutes(-5), now.AddHours(20), RandomNumberGenerator.GetBytes(8));
            string pem = certificate.ExportCertificatePem() + "\n";
            string keyPem = key.ExportPkcs8PrivateKeyPem() + "\n";
            File.WriteAllText(Path.Combine(directory, name + ".crt"), pem);
            File.WriteAllText(Path.Combine(directory, name + ".key"), keyPem);
            File.WriteAllText(Path.Combine(directory, name + ".pem"), pem + keyPem);
        }

        Directory = directory;
    }

    /// <summary>Folder with a.crt, a.key, a.pem, b.crt, b.key, b.pem, ca.pem.</summary>
    public string Directory { get; }

    /// <summary>The root certificate's file.</summary>
    public string Root { get; }
}

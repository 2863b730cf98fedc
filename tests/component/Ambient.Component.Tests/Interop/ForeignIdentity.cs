using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Component.Tests.Interop;

/// <summary>A workload's certificate as files, signed by the mesh's test authority, for programs that are not ours.</summary>
internal sealed class ForeignIdentity
{
    private ForeignIdentity(string directory) => Directory = directory;

    /// <summary>Holds key.pem, cert.pem and ca.pem.</summary>
    public string Directory { get; }

    public string Key => Path.Combine(Directory, "key.pem");

    public string Certificate => Path.Combine(Directory, "cert.pem");

    public string Authority => Path.Combine(Directory, "ca.pem");

    /// <summary>Issues it; the authority exists once a ztunnel has started.</summary>
    public static ForeignIdentity Issue(string authority, string directory, string serviceAccount) => IssueFrom(Path.Combine(authority, "root.pem"), directory, serviceAccount);

    /// <summary>Issues it from a file that holds the authority's certificate and key.</summary>
    public static ForeignIdentity IssueFrom(string file, string directory, string serviceAccount)
    {
        string pem = File.ReadAllText(file);
        using X509Certificate2 root = X509Certificate2.CreateFromPem(pem, pem);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("O=foreign"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("spiffe://cluster.local/ns/bench/sa/" + serviceAccount));
        request.CertificateExtensions.Add(names.Build(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 leaf = request.Create(root, now.AddMinutes(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(8));

        System.IO.Directory.CreateDirectory(directory);
        var identity = new ForeignIdentity(directory);
        File.WriteAllText(identity.Key, key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(identity.Certificate, leaf.ExportCertificatePem() + "\n");
        File.WriteAllText(identity.Authority, root.ExportCertificatePem() + "\n");
        return identity;
    }
}

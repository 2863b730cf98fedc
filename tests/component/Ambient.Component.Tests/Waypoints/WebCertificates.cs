using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>An authority of the web with leaves, as files for servers and as data of Secrets.</summary>
internal sealed class WebCertificates
{
    private readonly string _directory;
    private readonly X509Certificate2 _root;

    public WebCertificates(string directory, string name = "authority")
    {
        _directory = directory;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(3));
        RootPath = Path.Combine(directory, name + "-root.pem");
        File.WriteAllBytes(RootPath, Root);
    }

    public string RootPath { get; }

    public byte[] Root => Encoding.ASCII.GetBytes(_root.ExportCertificatePem());

    /// <summary>A leaf for a name; paths of certificate and key.</summary>
    public (string Certificate, string Key) Issue(string name, TimeSpan? validFor = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] &= 0x7f;
        using X509Certificate2 leaf = request.Create(_root, DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow + (validFor ?? TimeSpan.FromDays(1)), serial);
        string path = Path.Combine(_directory, Convert.ToHexString(serial));
        File.WriteAllText(path + ".crt", leaf.ExportCertificatePem());
        File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        return (path + ".crt", path + ".key");
    }

    /// <summary>A Secret with the authority and, for mutual TLS, a client's certificate.</summary>
    public Dictionary<string, byte[]> Secret((string Certificate, string Key)? client = null)
    {
        Dictionary<string, byte[]> data = new(StringComparer.Ordinal) { ["ca.crt"] = Root };
        if (client is { } pair)
        {
            data["tls.crt"] = File.ReadAllBytes(pair.Certificate);
            data["tls.key"] = File.ReadAllBytes(pair.Key);
        }

        return data;
    }

    /// <summary>What a compiler sees of these Secrets.</summary>
    public static Func<ReferenceKey, Referenced> Find(IReadOnlyDictionary<string, Dictionary<string, byte[]>> secrets) =>
        reference => secrets.TryGetValue(reference.Key.Name, out Dictionary<string, byte[]>? data) ? new Referenced(true, data) : Referenced.Missing;
}

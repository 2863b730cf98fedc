using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Component.Tests.Tls;

/// <summary>A root, one certificate for us and one for a foreign TLS stack, whose files lie in a directory of their own.</summary>
internal sealed class PeerFiles : IDisposable
{
    public const string OurId = "spiffe://cluster.local/ns/default/sa/ours";
    public const string PeerId = "spiffe://cluster.local/ns/default/sa/peer";

    private readonly X509Certificate2 _root;

    public PeerFiles()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        _root = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        Folder = Directory.CreateTempSubdirectory("ambient-tls-").FullName;
        (byte[] leaf, string certificate, ECDsa peerKey) = Issue(PeerId);
        using (peerKey)
        {
            File.WriteAllText(Path("root.pem"), _root.ExportCertificatePem());
            File.WriteAllText(Path("peer.pem"), certificate);
            File.WriteAllText(Path("peer.key"), peerKey.ExportPkcs8PrivateKeyPem());
        }

        Assert.NotEmpty(leaf);
    }

    public string Folder { get; }

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Our own certificate under the same root.</summary>
    public WorkloadCertificate Ours()
    {
        (byte[] leaf, _, ECDsa key) = Issue(OurId);
        using (key)
        {
            Assert.True(SpiffeId.TryParse(OurId, out SpiffeId? id));
            return new WorkloadCertificate
            {
                Identity = id!,
                LeafDer = leaf,
                IntermediatesDer = [],
                PrivateKeyPkcs8 = key.ExportPkcs8PrivateKey(),
                Trust = new TrustBundle([_root.RawData]),
            };
        }
    }

    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private (byte[] Der, string Pem, ECDsa Key) Issue(string identity)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity));
        request.CertificateExtensions.Add(names.Build(critical: true));
        using X509Certificate2 leaf = request.Create(_root, _root.NotBefore, _root.NotAfter, RandomNumberGenerator.GetBytes(8));
        return (leaf.RawData, leaf.ExportCertificatePem(), key);
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Rig.Clusters;

/// <summary>Certificates, keys and kubeconfigs of a cluster, in a folder. Not thread-safe.</summary>
internal sealed class ClusterFiles : IDisposable
{
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly string _server;

    public ClusterFiles(string folder, IPAddress address)
    {
        Folder = folder;
        _server = $"https://{address}:6443";
        Directory.CreateDirectory(folder);
        var request = new CertificateRequest("CN=rig-ca", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(30));
        File.WriteAllText(Path("ca.crt"), _authority.ExportCertificatePem());
        File.WriteAllText(Path("ca.key"), _authorityKey.ExportPkcs8PrivateKeyPem());
        using var accounts = RSA.Create(2048);
        File.WriteAllText(Path("sa.key"), accounts.ExportRSAPrivateKeyPem());
        File.WriteAllText(Path("sa.pub"), accounts.ExportSubjectPublicKeyInfoPem());
        Issue("server", "CN=kube-apiserver", ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"], [address, IPAddress.Loopback, IPAddress.Parse("10.96.0.1")]);
        Issue("kubelet-client", "O=system:masters, CN=kube-apiserver", null, []);
        Issue("front-proxy", "CN=front-proxy", null, []);
        Client("admin", "O=system:masters, CN=admin");
        Client("controller-manager", "CN=system:kube-controller-manager");
        Client("scheduler", "CN=system:kube-scheduler");
        Client("proxy", "CN=system:kube-proxy");
    }

    public string Folder { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>What a node needs: its account, and the certificate that its kubelet serves with.</summary>
    public void AddNode(string name, IPAddress address)
    {
        Client("node-" + name, $"O=system:nodes, CN=system:node:{name}");
        Issue("serve-" + name, "CN=" + name, [name], [address]);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
    }

    private void Client(string name, string subject)
    {
        Issue(name, subject, null, []);
        File.WriteAllText(
            Path(name + ".conf"),
            $"apiVersion: v1\nkind: Config\ncurrent-context: rig\ncontexts: [{{name: rig, context: {{cluster: rig, user: rig}}}}]\nclusters: [{{name: rig, cluster: {{server: '{_server}', certificate-authority: {Path("ca.crt")}}}}}]\nusers: [{{name: rig, user: {{client-certificate: {Path(name + ".crt")}, client-key: {Path(name + ".key")}}}}}]\n");
    }

    private void Issue(string name, string subject, string[]? hosts, IPAddress[] addresses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(hosts is null ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1")], false));
        if (hosts is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (string host in hosts)
            {
                names.AddDnsName(host);
            }

            foreach (IPAddress address in addresses)
            {
                names.AddIpAddress(address);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        using X509Certificate2 certificate = request.Create(_authority, Now.AddDays(-1), Now.AddDays(20), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path(name + ".crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path(name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ambient.Component.Tests.Kubernetes;

/// <summary>Certificates, keys and kubeconfigs of an API server, in a folder of their own.</summary>
public sealed class ApiServerFiles : IDisposable
{
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly RSA _accountKey = RSA.Create(2048);

    public ApiServerFiles(int port)
    {
        Server = $"https://127.0.0.1:{port}";
        var request = new CertificateRequest("CN=rig-ca", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(30));
        File.WriteAllText(Path("ca.crt"), _authority.ExportCertificatePem());
        Issue("server", "CN=kube-apiserver", isServer: true);
        Issue("admin", "O=system:masters, CN=admin", isServer: false);
        File.WriteAllText(Path("sa.key"), _accountKey.ExportRSAPrivateKeyPem());
        File.WriteAllText(Path("sa.pub"), _accountKey.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(Path("admin.conf"), Config("client-certificate: admin.crt, client-key: admin.key"));
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("ambient-apiserver-").FullName;

    public string Server { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public string Config(string user) =>
        $"current-context: rig\ncontexts: [{{name: rig, context: {{cluster: rig, user: rig}}}}]\nclusters: [{{name: rig, cluster: {{server: '{Server}', certificate-authority: ca.crt}}}}]\nusers: [{{name: rig, user: {{{user}}}}}]\n";

    /// <summary>A token of a service account as the API server itself signs them.</summary>
    public string Token(string space, string account, string uid, string audience, TimeSpan life, (string Name, string Uid)? pod = null)
    {
        string bound = pod is null ? "" : $$"""  "pod":{"name":"{{pod.Value.Name}}","uid":"{{pod.Value.Uid}}"},""";
        long now = Now.ToUnixTimeSeconds();
        string head = Encode("""{"alg":"RS256","kid":""}""");
        string body = Encode($$$$"""{"aud":["{{{{audience}}}}"],"exp":{{{{now + (long)life.TotalSeconds}}}},"iat":{{{{now - 60}}}},"iss":"https://kubernetes.default.svc","kubernetes.io":{"namespace":"{{{{space}}}}",{{{{bound}}}}"serviceaccount":{"name":"{{{{account}}}}","uid":"{{{{uid}}}}"}},"nbf":{{{{now - 60}}}},"sub":"system:serviceaccount:{{{{space}}}}:{{{{account}}}}"}""");
        byte[] signature = _accountKey.SignData(Encoding.ASCII.GetBytes(head + "." + body), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{head}.{body}.{Encode(signature)}";
    }

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
        _accountKey.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private void Issue(string name, string subject, bool isServer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(isServer ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2")], false));
        if (isServer)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("kubernetes");
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
        }

        using X509Certificate2 certificate = request.Create(_authority, Now.AddDays(-1), Now.AddDays(20), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path(name + ".crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path(name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Ambient.ControlPlane.Certificates;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Tests.Servers;

namespace Ambient.ControlPlane.Tests;

/// <summary>The self-signed root in its Secret: another control plane must find it there.</summary>
public sealed class SecretRootStoreTests
{
    [Fact]
    [Trait("behaviour", "CP-176")]
    [Trait("behaviour", "CP-187")]
    public async Task TheSecret_HasTheNamesThatOthersKnow_AndIsReadAsItIs()
    {
        string? kept = null;
        await using var server = new ScriptedApiServer(call =>
        {
            if (call.Method == "POST")
            {
                kept = call.Body;
            }

            return kept is null ? ApiReply.Failure(404, "NotFound") : ApiReply.Ok(kept);
        });
        using KubernetesClient client = server.Client();
        var store = new SecretRootStore(client, "istio-system");
        string pem = Pem();

        Assert.Null(await store.LoadAsync(CancellationToken.None));
        Assert.True(await store.TryCreateAsync(pem, CancellationToken.None));

        Assert.Equal(pem.ReplaceLineEndings("\n").Trim(), (await store.LoadAsync(CancellationToken.None))!.Trim());
        using JsonDocument secret = JsonDocument.Parse(kept!);
        Assert.Equal(("istio-ca-secret", "istio.io/ca-root"), (secret.RootElement.GetProperty("metadata").GetProperty("name").GetString(), secret.RootElement.GetProperty("type").GetString()));
        Dictionary<string, string> data = secret.RootElement.GetProperty("data").EnumerateObject().ToDictionary(static field => field.Name, static field => Encoding.UTF8.GetString(field.Value.GetBytesFromBase64()));
        Assert.Equal(["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "key.pem", "root-cert.pem"], data.Keys.Order(StringComparer.Ordinal));
        Assert.All(["cert-chain.pem", "key.pem", "root-cert.pem"], name => Assert.Equal("", data[name]));
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", data["ca-cert.pem"], StringComparison.Ordinal);
        Assert.Contains("PRIVATE KEY", data["ca-key.pem"], StringComparison.Ordinal);

        // Nobody marks it: the marker istio-generated belongs to cacerts.
        Assert.DoesNotContain("istio-generated", kept, StringComparison.Ordinal);
    }

    private static string Pem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("O=cluster.local", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(60));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}

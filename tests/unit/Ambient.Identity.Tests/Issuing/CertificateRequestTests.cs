using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Tests.Issuing;

public sealed class CertificateRequestTests
{
    [Fact]
    public void Request_HasEmptySubjectAndOneCriticalUri()
    {
        using WorkloadKey key = WorkloadKey.Create();

        string pem = CertificateRequestBuilder.BuildPem(new SpiffeId("Cluster.Local", "ns", "sa"), key);

        Assert.StartsWith("-----BEGIN CERTIFICATE REQUEST-----", pem, StringComparison.Ordinal);
        CertificateRequest request = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        Assert.Equal([0x30, 0x00], request.SubjectName.RawData);
        X509Extension extension = Assert.Single(request.CertificateExtensions);
        Assert.Equal("2.5.29.17", extension.Oid!.Value);
        Assert.True(extension.Critical);
        byte[] uri = "spiffe://Cluster.Local/ns/ns/sa/sa"u8.ToArray();
        Assert.Equal([0x30, (byte)(uri.Length + 2), 0x86, (byte)uri.Length, .. uri], extension.RawData);
        Assert.Equal(key.ExportPublicKey(), request.PublicKey.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void Keys_AreFreshEachTime()
    {
        using WorkloadKey one = WorkloadKey.Create();
        using WorkloadKey two = WorkloadKey.Create();

        Assert.NotEqual(one.ExportPublicKey(), two.ExportPublicKey());
        using ECDsa parsed = ECDsa.Create();
        parsed.ImportPkcs8PrivateKey(one.ExportPkcs8(), out _);
        Assert.Equal(256, parsed.KeySize);
    }

    [Fact]
    public void Identity_OutsideOfAscii_IsRefused()
    {
        using WorkloadKey key = WorkloadKey.Create();

        Assert.Throws<ArgumentException>(() => CertificateRequestBuilder.BuildPem(new SpiffeId("td", "nß", "sa"), key));
    }
}

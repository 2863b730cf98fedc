using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.ControlPlane.Certificates;
using Ambient.Testing.Clocks;

namespace Ambient.ControlPlane.Tests.Certificates;

/// <summary>Whose client certificates count.</summary>
public sealed class ServingCertificateTests
{
    private readonly ManualTime _clock = new();

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public void RevokedLeaf_AndLeafBelowARevokedIntermediate_AreNotOfThisMesh()
    {
        (X509Certificate2 root, ECDsa rootKey) = Authority("root");
        (X509Certificate2 middle, ECDsa middleKey) = Authority("middle", root);
        using X509Certificate2 leaf = Leaf(middle), other = Leaf(middle);
        X509Certificate2Collection chain = [X509CertificateLoader.LoadCertificate(middle.RawData)];

        Assert.Equal((true, true), Judge(null));
        Assert.Equal((false, true), Judge(Revoke(middle, leaf)));
        Assert.Equal((false, false), Judge(Revoke(root, middle)));
        Assert.Equal((false, false), Judge(Revoke(root, middle) + Revoke(middle, leaf)));

        // Somebody else's list with our serial numbers.
        (X509Certificate2 stranger, ECDsa strangerKey) = Authority("middle");
        Assert.Equal((true, true), Judge(Revoke(stranger, leaf)));
        rootKey.Dispose();
        middleKey.Dispose();
        strangerKey.Dispose();

        (bool Leaf, bool Other) Judge(string? revocation)
        {
            Assert.True(SigningAuthority.TryMake(middle, middleKey, [middle], root.ExportCertificatePem(), revocation, Now, out SigningAuthority? authority, out string? error), error);
            var holder = new AuthorityHolder();
            Assert.Null(holder.Replace(authority, mayChangeRoots: false));
            var serving = new ServingCertificate(holder, ["localhost"], _clock);
            return (serving.IsOfThisMesh(leaf, chain), serving.IsOfThisMesh(other, chain));
        }
    }

    private X509Certificate2 Leaf(X509Certificate2 issuer)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        return request.Create(issuer, Now.AddHours(-1), Now.AddHours(1), Serial());
    }

    private (X509Certificate2 Certificate, ECDsa Key) Authority(string name, X509Certificate2? issuer = null)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return (issuer is null ? request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(9)) : request.Create(issuer, Now.AddDays(-1), Now.AddDays(8), Serial()).CopyWithPrivateKey(key), key);
    }

    private string Revoke(X509Certificate2 issuer, X509Certificate2 revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        builder.AddEntry(revoked.SerialNumberBytes.Span, Now.AddHours(-1));
        return PemEncoding.WriteString("X509 CRL", builder.Build(issuer, 1, Now.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: Now.AddHours(-1))) + "\n";
    }

    private static byte[] Serial() => [1, .. RandomNumberGenerator.GetBytes(7)];
}

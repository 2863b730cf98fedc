using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Requests;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Tests;

/// <summary>Requests, authorities and callers.</summary>
internal static class Make
{
    public static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly SpiffeId Cart = new("cluster.local", "shop", "cart");

    public static readonly SpiffeId Ztunnel = new("cluster.local", "istio-system", "ztunnel");

    public static Caller NodeProxy { get; } = new(CallerKind.Token, [Ztunnel], "c1", new PodBinding("zt-1", "uid-1"));

    public static SigningAuthority SelfSigned(DateTimeOffset? from = null)
    {
        Assert.True(SelfSignedRoot.TryParse(SelfSignedRoot.CreatePem("cluster.local", from ?? Now, SelfSignedRoot.DefaultLifetime), out SelfSignedRoot? root, out _));
        using (root)
        {
            Assert.True(root.TryMakeAuthority(null, from ?? Now, out SigningAuthority? authority, out string? error), error);
            return authority;
        }
    }

    public static AuthorityHolder Holder(SigningAuthority? authority = null)
    {
        var holder = new AuthorityHolder();
        Assert.Null(holder.Replace(authority ?? SelfSigned(), mayChangeRoots: false));
        return holder;
    }

    public static string RequestPem(AsymmetricAlgorithm? key = null, string subject = "", string san = "spiffe://other/ns/a/sa/b")
    {
        using ECDsa own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa?)key ?? own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(san));
        request.CertificateExtensions.Add(names.Build(critical: true));
        return request.CreateSigningRequestPem();
    }

    public static SigningRequest Request(AsymmetricAlgorithm? key = null, string subject = "")
    {
        Assert.True(SigningRequest.TryParse(RequestPem(key, subject), out SigningRequest? request, out string? error), error);
        return request;
    }

    /// <summary>An authority's certificate, signed by another's or itself.</summary>
    public static (X509Certificate2 Certificate, ECDsa Key) Authority(string name, X509Certificate2? issuer = null, DateTimeOffset? until = null, bool isAuthority = true)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset from = Now.AddDays(-10);
        DateTimeOffset to = until ?? Now.AddDays(100);
        return (issuer is null ? request.CreateSelfSigned(from, to) : request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key), key);
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Tests.Signing;

public sealed class SigningAuthorityTests
{
    [Fact]
    [Trait("behaviour", "CP-181")]
    [Trait("behaviour", "CP-183")]
    public void Leaf_IsAsTheReferenceSays()
    {
        using SigningAuthority authority = Make.SelfSigned();
        using X509Certificate2 leaf = Leaf(authority, new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromHours(3)));

        Assert.Equal((Make.Now.AddMinutes(-2).UtcDateTime, Make.Now.AddHours(3).UtcDateTime), (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime()));
        Assert.Equal("", leaf.Subject);
        Assert.Equal([Make.Cart.ToString()], UriNames.Of(leaf));
        Assert.True(leaf.Extensions["2.5.29.17"]!.Critical);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.Value));
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(3, leaf.Version);
        Assert.InRange(leaf.SerialNumberBytes.Length, 16, 16);
    }

    [Fact]
    [Trait("behaviour", "CP-189")]
    public void CommonName_IsReplacedByTheIdentity()
    {
        using SigningAuthority authority = Make.SelfSigned();
        var other = new SpiffeId("cluster.local", "shop", new string('b', 80));

        using X509Certificate2 both = Leaf(authority, new IssueRequest(Make.Request(subject: "CN=whatever"), [Make.Cart, other], TimeSpan.FromHours(1)));
        using X509Certificate2 cut = Leaf(authority, new IssueRequest(Make.Request(subject: "CN=whatever"), [other], TimeSpan.FromHours(1)));

        Assert.Equal($"CN={Make.Cart}", both.Subject);
        Assert.Equal([Make.Cart.ToString(), other.ToString()], UriNames.Of(both));
        Assert.Equal($"CN={other.ToString()[..64]}", cut.Subject);
    }

    [Fact]
    public void WhatOurZtunnelAccepts()
    {
        using SigningAuthority authority = Make.SelfSigned();
        using WorkloadKey key = WorkloadKey.Create();
        Assert.True(Authority.Requests.SigningRequest.TryParse(CertificateRequestBuilder.BuildPem(Make.Cart, key), out var request, out _));
        Assert.True(authority.TryIssue(new IssueRequest(request, [Make.Cart], TimeSpan.FromHours(24)), Make.Now, out IReadOnlyList<string>? chain, out _));

        Assert.True(IssuedChain.TryAccept(Make.Cart, key, chain, Make.Now, out _, out string? error), error);
        Assert.All(chain, element => Assert.EndsWith("-----\n", element, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "CP-184")]
    public void Intermediate_ComesBetweenLeafAndRoots()
    {
        (X509Certificate2 root, ECDsa _) = Make.Authority("root");
        (X509Certificate2 signer, ECDsa key) = Make.Authority("signer", root);
        Assert.True(SigningAuthority.TryMake(signer, key, [signer], root.ExportCertificatePem(), null, Make.Now, out SigningAuthority? authority, out string? error), error);
        Assert.True(authority.TryIssue(new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromHours(1)), Make.Now, out IReadOnlyList<string>? chain, out _));

        X509Certificate2[] parsed = [.. chain.Select(pem => X509Certificate2.CreateFromPem(pem))];
        Assert.Equal(["", "CN=signer", "CN=root"], parsed.Select(certificate => certificate.Subject));
        using var path = new X509Chain();
        path.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        path.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        path.ChainPolicy.VerificationTime = Make.Now.UtcDateTime;
        path.ChainPolicy.CustomTrustStore.Add(parsed[2]);
        path.ChainPolicy.ExtraStore.Add(parsed[1]);
        Assert.True(path.Build(parsed[0]), string.Join(",", path.ChainStatus.Select(status => status.StatusInformation)));
    }

    [Fact]
    [Trait("behaviour", "CP-188")]
    public void Lifetime_IsCutToTheSigners_AndAnExpiredOneSignsNothing()
    {
        using SigningAuthority authority = Make.SelfSigned(Make.Now.AddDays(-3649));
        using X509Certificate2 cut = Leaf(authority, new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromDays(90)));

        Assert.Equal(authority.NotAfter.UtcDateTime, cut.NotAfter.ToUniversalTime());
        Assert.False(authority.TryIssue(new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromHours(1)), Make.Now.AddDays(2), out _, out string? error));
        Assert.Contains("expired", error, StringComparison.Ordinal);
    }

    [Fact]
    public void PartsThatDoNotFit_AreNamed()
    {
        (X509Certificate2 root, ECDsa rootKey) = Make.Authority("root");
        (X509Certificate2 other, ECDsa otherKey) = Make.Authority("other");
        (X509Certificate2 leaf, ECDsa leafKey) = Make.Authority("leaf", root, isAuthority: false);
        (X509Certificate2 old, ECDsa oldKey) = Make.Authority("old", until: Make.Now.AddDays(-1));
        string Error(X509Certificate2 certificate, ECDsa key, string roots, string? crl = null)
        {
            Assert.False(SigningAuthority.TryMake(certificate, key, [], roots, crl, Make.Now, out _, out string? error));
            return error;
        }

        Assert.Equal("the signing key is not the certificate's", Error(root, otherKey, root.ExportCertificatePem()));
        Assert.Equal("there is no root certificate", Error(root, rootKey, "nothing"));
        Assert.Contains("may not sign", Error(leaf, leafKey, root.ExportCertificatePem()), StringComparison.Ordinal);
        Assert.Contains("expired", Error(old, oldKey, old.ExportCertificatePem()), StringComparison.Ordinal);
        Assert.Contains("does not lead to any", Error(other, otherKey, root.ExportCertificatePem()), StringComparison.Ordinal);
        Assert.Contains("revocation list", Error(root, rootKey, root.ExportCertificatePem(), "nothing"), StringComparison.Ordinal);
    }

    [Fact]
    public void ManyThreads_SignAtOnce()
    {
        using SigningAuthority authority = Make.SelfSigned();
        var issue = new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromHours(1));
        var leaves = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();

        Parallel.For(0, 200, _ =>
        {
            using X509Certificate2 leaf = Leaf(authority, issue);
            leaves[leaf.SerialNumber] = true;
        });

        Assert.Equal(200, leaves.Count);
    }

    [Fact]
    public void Texts_HaveNothingOfTheKey()
    {
        using SigningAuthority authority = Make.SelfSigned();

        Assert.Equal("signing certificate of O=cluster.local until 2039-12-30T00:00:00Z", authority.ToString());
    }

    private static X509Certificate2 Leaf(SigningAuthority authority, IssueRequest issue)
    {
        Assert.True(authority.TryIssue(issue, Make.Now, out IReadOnlyList<string>? chain, out string? error), error);
        return X509Certificate2.CreateFromPem(chain[0]);
    }
}

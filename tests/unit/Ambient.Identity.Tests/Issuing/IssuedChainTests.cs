using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Tests.Issuing;

public sealed class IssuedChainTests : IDisposable
{
    private static readonly SpiffeId Identity = TestAuthority.Id("cart");
    private readonly WorkloadKey _key = WorkloadKey.Create();
    private readonly TestAuthority _root = TestAuthority.Root();

    public void Dispose() => _key.Dispose();

    [Fact]
    [Trait("behaviour", "ZT-172")]
    public void EmptyChain_NamesTheIdentity() =>
        Assert.Equal("chain returned from CA is empty for: spiffe://cluster.local/ns/default/sa/cart", Error([]));

    [Fact]
    [Trait("behaviour", "ZT-173")]
    public void OtherIdentity_IsRefused() =>
        Assert.Contains("did not find expected SAN: " + Identity, Error([Leaf(TestAuthority.Id("other")), _root.Pem]), StringComparison.Ordinal);

    [Fact]
    [Trait("behaviour", "ZT-173")]
    public void NoIdentity_IsRefused() =>
        Assert.Contains("did not find expected SAN", Error([_root.Pem, _root.Pem]), StringComparison.Ordinal);

    [Fact]
    [Trait("behaviour", "ZT-174")]
    public void RightOne_IsAccepted()
    {
        WorkloadCertificate certificate = Accept([Leaf(Identity), _root.Pem]);

        Assert.Equal(Identity, certificate.Identity);
        Assert.Equal(TestAuthority.Epoch.AddHours(23), certificate.NotAfter);
        Assert.Equal(TestAuthority.Epoch.AddHours(-1), certificate.NotBefore);
        Assert.Equal(_key.ExportPkcs8(), certificate.PrivateKeyPkcs8.ToArray());
        Assert.DoesNotContain("KEY", certificate.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Matches("^[0-9]+$", certificate.SerialNumber);
    }

    [Fact]
    [Trait("behaviour", "ZT-176")]
    public void MiddleOnes_ArePresented_TheLastIsTheAnchor()
    {
        TestAuthority upper = _root.Intermediate("upper");
        TestAuthority lower = upper.Intermediate("lower");

        WorkloadCertificate certificate = Accept([lower.Leaf(Identity.ToString(), _key).ExportCertificatePem(), lower.Pem, upper.Pem, _root.Pem]);

        Assert.Equal([lower.Der, upper.Der], certificate.IntermediatesDer.Select(der => der.ToArray()));
        Assert.Equal([_root.Der], certificate.Trust.RootsDer.Select(der => der.ToArray()));
    }

    [Fact]
    [Trait("behaviour", "ZT-177")]
    public void SeveralRootsInOneElement_AreAllAnchors_BrokenOnesSkipped()
    {
        TestAuthority other = TestAuthority.Root("other");
        const string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

        WorkloadCertificate certificate = Accept([Leaf(Identity), $"{_root.Pem}\n{broken}{other.Pem}\n"]);

        Assert.Equal([_root.Der, other.Der], certificate.Trust.RootsDer.Select(der => der.ToArray()));
    }

    [Fact]
    public void OnlyALeaf_IsRefused() => Assert.Contains("no root certificate present", Error([Leaf(Identity)]), StringComparison.Ordinal);

    [Fact]
    public void NoUsableRoot_IsRefused() => Assert.Contains("no root certificate present", Error([Leaf(Identity), "nothing"]), StringComparison.Ordinal);

    [Fact]
    public void OtherKey_IsRefused()
    {
        using WorkloadKey other = WorkloadKey.Create();
        string leaf = _root.Leaf(Identity.ToString(), other).ExportCertificatePem();

        Assert.Contains("another key", Error([leaf, _root.Pem]), StringComparison.Ordinal);
    }

    [Fact]
    public void ExpiredOne_IsRefused() => Assert.Contains(
        "expired at 2029-12-31T23:59:59Z",
        Error([_root.Leaf(Identity.ToString(), _key, TestAuthority.Epoch.AddSeconds(-1)).ExportCertificatePem(), _root.Pem]),
        StringComparison.Ordinal);

    [Fact]
    public void OneThatIsNotValidYet_IsRefused()
    {
        Assert.False(IssuedChain.TryAccept(Identity, _key, [Leaf(Identity), _root.Pem], TestAuthority.Epoch.AddHours(-2), out _, out string? error));
        Assert.Contains("not valid before 2029-12-31T23:00:00Z; compare the clocks", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TooLongChain_IsRefused() =>
        Assert.Contains("allowed are", Error([.. Enumerable.Repeat(_root.Pem, 11)]), StringComparison.Ordinal);

    [Fact]
    public void MutatedAnswers_NeverThrow()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        string[] good = [Leaf(Identity), _root.Intermediate("mid").Pem, _root.Pem];
        for (int i = 0; i < 2000; i++)
        {
            string[] mutated = [.. good];
            int which = random.Next(mutated.Length);
            char[] text = mutated[which].ToCharArray();
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                text[random.Next(text.Length)] = (char)random.Next(32, 127);
            }

            mutated[which] = new string(text, 0, random.Next(4) == 0 ? random.Next(text.Length) : text.Length);
            bool accepted = IssuedChain.TryAccept(Identity, _key, mutated, TestAuthority.Epoch, out WorkloadCertificate? certificate, out string? error);
            Assert.True(accepted ? certificate is not null : !string.IsNullOrEmpty(error), $"seed {seed}");
        }
    }

    private string Leaf(SpiffeId identity)
    {
        using X509Certificate2 leaf = _root.Leaf(identity.ToString(), _key);
        return leaf.ExportCertificatePem();
    }

    private WorkloadCertificate Accept(string[] chain)
    {
        Assert.True(IssuedChain.TryAccept(Identity, _key, chain, TestAuthority.Epoch, out WorkloadCertificate? certificate, out string? error), error);
        return certificate;
    }

    private string Error(string[] chain)
    {
        Assert.False(IssuedChain.TryAccept(Identity, _key, chain, TestAuthority.Epoch, out _, out string? error));
        return error;
    }
}

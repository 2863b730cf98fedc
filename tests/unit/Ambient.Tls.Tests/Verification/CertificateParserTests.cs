using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Tls.Verification;
using PublicKey = Ambient.Tls.Verification.PublicKey;

namespace Ambient.Tls.Tests.Verification;

public sealed class CertificateParserTests
{
    private static readonly FixedTime Clock = new(TestAuthority.Now);

    private static (TrustAnchors Anchors, byte[] Leaf) Make(Leaf? options = null)
    {
        TestAuthority root = TestAuthority.Root();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (TrustAnchors.Of(root.Bundle), root.Sign(key, options ?? new Leaf { Uris = [HandshakePair.ServerId] }));
    }

    private static PeerCertificate? Verify(TrustAnchors anchors, byte[] leaf, out string? text)
    {
        PeerCertificate? peer = new PeerVerifier(anchors, Clock, null)
            .Verify(leaf, [leaf.Length], PeerRole.Server, HandshakePair.Expect(HandshakePair.ServerId), out VerificationFailure? failure);
        text = failure?.Text;
        return peer;
    }

    [Fact]
    public void MutatedCertificates_NeverThrowAndAreNeverAccepted()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        (TrustAnchors anchors, byte[] leaf) = Make();
        Assert.NotNull(Verify(anchors, leaf, out _));
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bad = Mutate(random, leaf);
            if (bad.AsSpan().SequenceEqual(leaf))
            {
                continue;
            }

            Assert.True(Verify(anchors, bad, out string? text) is null && text is not null, $"seed {seed}: {Convert.ToHexString(bad)}");
        }
    }

    [Fact]
    public void RandomBytes_AreNeverACertificate()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            if (bytes.Length > 4 && i % 2 == 0)
            {
                new byte[] { 0x30, 0x82, (byte)((bytes.Length - 4) >> 8), (byte)(bytes.Length - 4) }.CopyTo(bytes, 0);
            }

            Assert.False(CertificateParser.TryParse(bytes, out _, out string? error), $"seed {seed}");
            Assert.NotNull(error);
        }
    }

    [Fact]
    public void Parts_AgreeWithTheFrameworksReader()
    {
        (_, byte[] leaf) = Make(new Leaf { Uris = [HandshakePair.ServerId], Subject = "CN=x, O=y", KeyUsage = X509KeyUsageFlags.DigitalSignature });
        using X509Certificate2 expected = X509CertificateLoader.LoadCertificate(leaf);

        Assert.True(CertificateParser.TryParse(leaf, out ParsedCertificate? parsed, out _));

        Assert.Equal(expected.SubjectName.RawData, parsed.Part(parsed.Subject).ToArray());
        Assert.Equal(expected.IssuerName.RawData, parsed.Part(parsed.Issuer).ToArray());
        Assert.Equal(expected.PublicKey.ExportSubjectPublicKeyInfo(), parsed.Part(parsed.PublicKey).ToArray());
        Assert.Equal(expected.NotBefore.ToUniversalTime(), parsed.NotBefore.UtcDateTime);
        Assert.Equal(expected.NotAfter.ToUniversalTime(), parsed.NotAfter.UtcDateTime);
        Assert.Equal(ParsedCertificate.KeyUsageDigitalSignature, parsed.KeyUsage);
        Assert.Equal(HandshakePair.ServerId, Assert.Single(parsed.Identities).ToString());
    }

    [Theory]
    [InlineData("2.5.29.30", "name constraints are not supported")]
    [InlineData("2.5.29.36", "unknown critical extension")]
    public void CriticalExtensionThatNobodyChecks_IsRefused(string oid, string expected)
    {
        (TrustAnchors anchors, byte[] leaf) = Make(new Leaf { Uris = [HandshakePair.ServerId], Extra = [new X509Extension(oid, [0x30, 0], true)] });
        Assert.Null(Verify(anchors, leaf, out string? text));
        Assert.Contains(expected, text, StringComparison.Ordinal);
    }

    [Fact]
    public void RsaKeys_AreAcceptedFrom2048Bits()
    {
        TestAuthority root = TestAuthority.Root();
        TrustAnchors anchors = TrustAnchors.Of(root.Bundle);
        foreach ((int bits, bool accepted) in new[] { (1024, false), (2048, true) })
        {
            using RSA key = RSA.Create(bits);
            var request = new CertificateRequest("CN=rsa", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using X509Certificate2 made = request.CreateSelfSigned(TestAuthority.Now.AddDays(-1), TestAuthority.Now.AddDays(1));
            Assert.True(CertificateParser.TryParse(made.RawData, out ParsedCertificate? parsed, out _));
            Assert.Equal(bits, parsed.RsaBits);
            Assert.Equal(accepted, PublicKey.Weakness(parsed) is null);
            Assert.Equal(accepted, PublicKey.Of(parsed)?.Signed(parsed) ?? false);
        }

        Assert.Single(anchors.Roots);
    }

    [Fact]
    public void RsaKeyWithAGiantExponent_IsRefused_BeforeItCostsAnything()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        RSAParameters numbers = rsa.ExportParameters(includePrivateParameters: false);
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(numbers.Modulus);
            writer.WriteIntegerUnsigned(numbers.Modulus);
        }

        var key = new System.Security.Cryptography.X509Certificates.PublicKey(new Oid("1.2.840.113549.1.1.1"), new AsnEncodedData([5, 0]), new AsnEncodedData(writer.Encode()));
        var name = new X500DistinguishedName("CN=giant");
        byte[] der = new CertificateRequest(name, key, HashAlgorithmName.SHA256)
            .Create(name, X509SignatureGenerator.CreateForECDsa(signer), TestAuthority.Now.AddDays(-1), TestAuthority.Now.AddDays(1), [1]).RawData;
        Assert.True(CertificateParser.TryParse(der, out ParsedCertificate? parsed, out _));
        Assert.Contains("exponent of 2048 bits", PublicKey.Weakness(parsed), StringComparison.Ordinal);
        Assert.Null(PublicKey.Of(parsed));
    }

    [Fact]
    public void ChainsOfEqualContent_ShareTheirAnchorsAndCaches()
    {
        TestAuthority root = TestAuthority.Root();
        Assert.Same(TrustAnchors.Of(root.Bundle), TrustAnchors.Of(new TestAuthorityCopy(root.Der).Bundle));
    }

    [Fact]
    public void Cache_StaysWithinItsBound()
    {
        var cache = new BoundedCache<string>(64);
        for (int i = 0; i < 10_000; i++)
        {
            cache.Add(Fingerprint.Of(BitConverter.GetBytes(i)), "x");
            Assert.InRange(cache.Count, 1, 65);
        }
    }

    private static byte[] Mutate(Random random, byte[] leaf)
    {
        byte[] bad = [.. leaf];
        int count = 1 + random.Next(3);
        for (int i = 0; i < count; i++)
        {
            int at = random.Next(bad.Length);
            switch (random.Next(4))
            {
                case 0:
                    bad[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bad[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bad = [.. bad[..at], .. bad[Math.Min(bad.Length, at + 1 + random.Next(8))..]];
                    break;
                default:
                    byte[] more = new byte[1 + random.Next(8)];
                    random.NextBytes(more);
                    bad = [.. bad[..at], .. more, .. bad[at..]];
                    break;
            }

            if (bad.Length == 0)
            {
                return [0];
            }
        }

        return bad;
    }

    private sealed record TestAuthorityCopy(byte[] Der)
    {
        public Ambient.Identity.Trust.TrustBundle Bundle => new([Der.ToArray()]);
    }
}

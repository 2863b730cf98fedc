using System.Security.Cryptography;
using System.Text;
using Ambient.ControlPlane.Authority.Requests;

namespace Ambient.ControlPlane.Authority.Tests.Requests;

public sealed class SigningRequestTests
{
    [Fact]
    public void KeysOfUse_AreTaken()
    {
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using RSA rsa = RSA.Create(2048);

        Assert.False(Make.Request().HasCommonName);
        Assert.True(Make.Request(p384, "CN=x").HasCommonName);
        Assert.False(Make.Request(rsa, "O=x").HasCommonName);
        Assert.Equal(rsa.ExportSubjectPublicKeyInfo(), Make.Request(rsa).PublicKeyInfo.ToArray());
    }

    [Fact]
    public void WeakKey_IsRefused()
    {
        using RSA rsa = RSA.Create(1024);

        Assert.Equal("the RSA key has 1024 bits, allowed are 2048 to 8192", Error(Make.RequestPem(rsa)));
    }

    [Fact]
    public void OtherTexts_AreRefused()
    {
        string good = Make.RequestPem();
        byte[] der = Der(good);
        string Pem(byte[] bytes, string label = "CERTIFICATE REQUEST") => PemEncoding.WriteString(label, bytes);
        byte[] resigned = [.. der];
        resigned[^5] ^= 1;

        Assert.Equal("the certificate request is empty", Error(""));
        Assert.Contains("not PEM", Error("hello"), StringComparison.Ordinal);
        Assert.Contains("label", Error(Pem(der, "CERTIFICATE")), StringComparison.Ordinal);
        Assert.Contains("label", Error(Pem(der, "NEW CERTIFICATE REQUEST")), StringComparison.Ordinal);
        Assert.Contains("other text", Error(good + "\n" + good), StringComparison.Ordinal);
        Assert.Contains("other text", Error("x" + "\n" + good), StringComparison.Ordinal);
        Assert.Contains("bytes after its end", Error(Pem([.. der, 0])), StringComparison.Ordinal);
        Assert.Contains("not signed by its own key", Error(Pem(resigned)), StringComparison.Ordinal);
        Assert.Contains("allowed are 16384", Error(good + new string(' ', 20_000)), StringComparison.Ordinal);
        Assert.True(SigningRequest.TryParse(good + "\n", out _, out _));
    }

    [Fact]
    public void RandomChanges_NeverThrow_AndNeverPassUnsigned()
    {
        const int Seed = 90_210;
        var random = new Random(Seed);
        byte[] good = Der(Make.RequestPem());
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. good];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            string pem = PemEncoding.WriteString("CERTIFICATE REQUEST", random.Next(5) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            bool isTaken = SigningRequest.TryParse(pem, out _, out _);
            Assert.True(!isTaken || bytes.AsSpan().SequenceEqual(good), $"seed {Seed}, round {i}: a changed request passes");
        }
    }

    [Fact]
    public void RandomText_NeverThrows()
    {
        const int Seed = 4_711;
        var random = new Random(Seed);
        for (int i = 0; i < 500; i++)
        {
            var text = new StringBuilder("-----BEGIN CERTIFICATE REQUEST-----\n");
            for (int length = random.Next(200); length > 0; length--)
            {
                text.Append((char)random.Next(1, 300));
            }

            Assert.False(SigningRequest.TryParse(text.Append("\n-----END CERTIFICATE REQUEST-----").ToString(), out _, out string? error));
            Assert.NotEmpty(error);
        }
    }

    private static byte[] Der(string pem)
    {
        PemFields fields = PemEncoding.Find(pem);
        return Convert.FromBase64String(pem[fields.Base64Data]);
    }

    private static string Error(string pem)
    {
        Assert.False(SigningRequest.TryParse(pem, out _, out string? error));
        return error;
    }
}

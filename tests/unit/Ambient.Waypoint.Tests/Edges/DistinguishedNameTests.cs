using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Subjects as text; the expected texts are OpenSSL's (<c>-nameopt RFC2253</c>).</summary>
public sealed class DistinguishedNameTests
{
    [Theory]
    [InlineData("2.5.4.10", "Müller, Söhne", "O=M\\C3\\BCller\\, S\\C3\\B6hne")]
    [InlineData("2.5.4.10", "Acme, Inc.", "O=Acme\\, Inc.")]
    [InlineData("2.5.4.3", "a+b\"c\\d<e>f;g", "CN=a\\+b\\\"c\\\\d\\<e\\>f\\;g")]
    [InlineData("2.5.4.3", "#first", "CN=\\#first")]
    [InlineData("2.5.4.3", " both ", "CN=\\ both\\ ")]
    [InlineData("2.5.4.3", "a = b", "CN=a = b")]
    [InlineData("2.5.4.3", "line\nbreak", "CN=line\\0Abreak")]
    [InlineData("2.5.4.11", "日本", "OU=\\E6\\97\\A5\\E6\\9C\\AC")]
    [InlineData("1.2.3.4", "x", "1.2.3.4=#0C0178")]
    public void Values_AreEscaped(string type, string value, string expected)
    {
        X500DistinguishedNameBuilder builder = new();
        builder.Add(type, value, UniversalTagNumber.UTF8String);
        Assert.Equal(expected, DistinguishedName.Format(builder.Build().RawData));
    }

    [Fact]
    public void Parts_AreInReverse_WithShortNames()
    {
        // The builder turns the order around, too.
        X500DistinguishedNameBuilder builder = new();
        builder.Add("2.5.4.4", "bmp ü", UniversalTagNumber.BMPString);
        builder.AddCommonName("client");
        builder.AddEmailAddress("a@example.com");
        builder.AddOrganizationName("Acme");
        builder.AddCountryOrRegion("DE");
        Assert.Equal("SN=bmp \\C3\\BC,CN=client,emailAddress=a@example.com,O=Acme,C=DE", DistinguishedName.Format(builder.Build().RawData));
        Assert.Equal("", DistinguishedName.Format(new byte[] { 0x30, 0 }));
    }

    [Fact]
    public void Certificate_WithASubjectOutsideOfAscii_CanBeRead_AndWritten()
    {
        X500DistinguishedNameBuilder subject = new();
        subject.AddOrganizationName("Müller, Söhne");
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject.Build(), key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("client.example.com");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Assert.True(ClientCertificate.TryRead(made.RawData, out ClientCertificate? read));
        Assert.Contains(";Subject=\"O=M\\C3\\BCller\\, S\\C3\\B6hne\";URI=;DNS=client.example.com", read.Element(), StringComparison.Ordinal);
        Assert.DoesNotContain(read.Element(), static letter => letter is < ' ' or > '~');
    }

    [Fact]
    public void WhateverIsInACertificate_NothingThrows_AndWhatIsReadCanBeWritten()
    {
        using X509Certificate2 made = LocalEdge.Certificate("CN=client, O=Acme");
        byte[] good = made.RawData;
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = [.. good];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            if (ClientCertificate.TryRead(bad, out ClientCertificate? read))
            {
                Assert.True(read.Element().All(static letter => letter is >= ' ' and <= '~'), $"seed {seed}");
            }
        }
    }
}

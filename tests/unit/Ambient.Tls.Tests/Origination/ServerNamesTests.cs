using Ambient.Tls.Origination;

namespace Ambient.Tls.Tests.Origination;

public sealed class ServerNamesTests
{
    private static readonly WebAuthority Authority = new();

    [Theory]
    [InlineData("www.example.com", "www.example.com", true)]
    [InlineData("www.example.com", "WWW.Example.com", true)]
    [InlineData("www.example.com", "www.example.com.", true)]
    [InlineData("*.example.com", "www.example.com", true)]
    [InlineData("*.example.com", "a.b.example.com", false)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("www.example.com", "*.example.com", true)]
    [InlineData("a.b.example.com", "*.example.com", false)]
    [InlineData("*.example.com", "*.example.com", true)]
    [InlineData("*.b.example.com", "*.example.com", false)]
    [InlineData("example.com", "example.co", false)]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("::1", "[::1]", true)]
    [InlineData("spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/sa/b", true)]
    [InlineData("spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/sa/B", false)]
    [InlineData("spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/*", false)]
    [InlineData("www.example.com", "", false)]
    [InlineData("www.example.com", "spiffe://www.example.com", false)]
    public void Names_Match(string presented, string accepted, bool matches)
    {
        byte[] certificate = Authority.Issue([presented]).RawData;
        Assert.Equal(matches, new ServerNames([accepted]).AreIn(certificate));
        Assert.Equal(matches, new ServerNames(["unrelated.invalid", accepted]).AreIn(certificate));
    }

    [Fact]
    public void CertificateWithoutNames_MatchesNothing_NorDoesAnEmptyList()
    {
        Assert.False(new ServerNames(["not.looked.at"]).AreIn(Authority.Issue([]).RawData));
        Assert.False(new ServerNames([]).AreIn(Authority.Issue(["www.example.com"]).RawData));
    }

    [Fact]
    public void MutatedCertificates_NeverThrow_AndNeverGainAName()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[] certificate = Authority.Issue(["www.example.com", "spiffe://td/ns/a/sa/b", "10.1.2.3"]).RawData;
        ServerNames names = new(["other.invalid", "192.168.77.77"]);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bad = certificate.AsSpan(0, random.Next(2) == 0 ? certificate.Length : random.Next(certificate.Length)).ToArray();
            for (int j = random.Next(4); j >= 0 && bad.Length > 0; j--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            Assert.False(names.AreIn(bad), $"seed {seed}, round {i}");
        }
    }
}

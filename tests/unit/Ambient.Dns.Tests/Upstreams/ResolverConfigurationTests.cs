using Ambient.Dns.Upstreams;

namespace Ambient.Dns.Tests.Upstreams;

public sealed class ResolverConfigurationTests
{
    [Fact]
    public void ServersSearchAndOptions_AreRead()
    {
        const string Text = "# comment\nnameserver 10.0.0.10\r\nnameserver\t2001:db8::53\nnameserver nonsense\nsearch Ns1.svc.cluster.local. cluster.local\noptions ndots:5 timeout:1 attempts:3 rotate\n; end\n";
        Assert.True(ResolverConfiguration.TryParse(Text, out ResolverConfiguration? read, out _));
        Assert.Equal(["10.0.0.10:53", "[2001:db8::53]:53"], read!.Servers.Select(s => s.ToString()));
        Assert.Equal(["ns1.svc.cluster.local", "cluster.local"], read.Search);
        Assert.Equal((TimeSpan.FromSeconds(1), 3, true), (read.AttemptLimit, read.Attempts, read.Rotate));
    }

    [Fact]
    public void Defaults_AnswerBeforeTheCLibraryGivesUp()
    {
        Assert.True(ResolverConfiguration.TryParse("nameserver 1.1.1.1", out ResolverConfiguration? read, out _));
        Assert.True(read!.TotalLimit < TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("")]
    [InlineData("search a b\n")]
    [InlineData("nameserver\nnameserver not-an-address\n")]
    public void NoServer_IsAnError(string text)
    {
        Assert.False(ResolverConfiguration.TryParse(text, out _, out string? error));
        Assert.Contains("nameserver", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("search a b\n")]
    public void UselessFile_IsNamed_WithTheWayOut(string? content)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("ambient-resolv-").FullName, "resolv.conf");
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => ResolverConfiguration.Read(path, "ISTIO_META_DNS_CAPTURE=false starts without the DNS proxy"));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("ISTIO_META_DNS_CAPTURE=false", error.Message, StringComparison.Ordinal);
    }
}

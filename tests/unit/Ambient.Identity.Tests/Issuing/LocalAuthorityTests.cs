using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Testing.Clocks;

namespace Ambient.Identity.Tests.Issuing;

public sealed class LocalAuthorityTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "ambient-ca-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public async Task ManyAtOnce_ShareOneRoot_WhichOnlyTheOwnerCanRead()
    {
        TrustRoots roots = await TrustRoots.OpenInParallelAsync(_directory, 8);

        Assert.Single(roots.Distinct);
        string file = Assert.Single(Directory.GetFiles(_directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void Leaf_HasTheStatedShape()
    {
        var clock = new ManualTime();
        using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = _directory, Lifetime = TimeSpan.FromSeconds(7) }, clock);

        WorkloadCertificate certificate = authority.Issue(TestAuthority.Id("cart"));

        using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(certificate.LeafDer.Span);
        Assert.Equal("O=cluster.local", leaf.Subject);
        Assert.Equal([certificate.Identity.ToString()], UriNames.Of(leaf));
        Assert.Equal(clock.GetUtcNow().AddSeconds(7), certificate.NotAfter);
        Assert.Equal(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.Equal(2, leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Count);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(authority.Trust.RootsDer[0].Span));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().AddSeconds(1).UtcDateTime;
        Assert.True(chain.Build(leaf), string.Join(',', chain.ChainStatus.Select(status => status.StatusInformation)));
    }

    [Fact]
    public void BrokenRoot_IsAClearError()
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(Path.Combine(_directory, "root.pem"), "nonsense");

        IssueException error = Assert.Throws<IssueException>(() => LocalAuthority.Open(new LocalAuthorityOptions { Directory = _directory }, TimeProvider.System));

        Assert.Contains(_directory, error.Message, StringComparison.Ordinal);
    }

    private sealed record TrustRoots(HashSet<string> Distinct)
    {
        public static async Task<TrustRoots> OpenInParallelAsync(string directory, int count)
        {
            Task<string>[] all = [.. Enumerable.Range(0, count).Select(_ => Task.Run(() =>
            {
                using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = directory }, TimeProvider.System);
                return Convert.ToHexString(authority.Trust.RootsDer[0].Span);
            }))];
            return new TrustRoots([.. await Task.WhenAll(all)]);
        }
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.Testing.Clocks;

namespace Ambient.ControlPlane.Authority.Tests.Roots;

public sealed class RootTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ambient-authority-");
    private readonly ManualTime _clock = new(Make.Now);

    [Fact]
    [Trait("behaviour", "CP-177")]
    [Trait("behaviour", "CP-178")]
    public async Task ManyFirstStarts_AgreeOnOneRoot()
    {
        SelfSignedRoot[] roots = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Keeper().OpenAsync(default))));

        Assert.Single(roots.Select(Bundle).Distinct());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Directory.GetFiles(_folder.FullName).Single()));
        Assert.DoesNotContain("PRIVATE", roots[0].ToString(), StringComparison.Ordinal);
    }

    /// <summary>Of what the reference asks but the key's kind, which is ECDSA here.</summary>
    [Fact]
    [Trait("behaviour", "CP-174")]
    public async Task WithoutARoot_OneIsMade_ThatSignsItself_ForTenYears()
    {
        using SelfSignedRoot root = await Keeper().OpenAsync(default);
        SigningAuthority authority = Authority(root);
        using X509Certificate2 signer = X509CertificateLoader.LoadCertificate(authority.CertificateDer.Span);
        Assert.Equal(signer.ExportCertificatePem() + "\n", authority.RootsPem);
        Assert.Equal("O=cluster.local", signer.Subject);
        Assert.Equal(signer.Subject, signer.Issuer);
        Assert.InRange(signer.NotAfter.ToUniversalTime() - Make.Now.UtcDateTime, TimeSpan.FromDays(3649), TimeSpan.FromDays(3651));
        Assert.Equal((authority.NotAfter, authority.RootsNotAfter), (signer.NotAfter.ToUniversalTime(), signer.NotAfter.ToUniversalTime()));
        Assert.True(authority.TryIssue(new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromHours(24)), Make.Now, out IReadOnlyList<string>? chain, out string? error), error);
        Assert.Equal(2, chain.Count);
        Assert.Contains(signer.ExportCertificatePem(), await File.ReadAllTextAsync(Directory.GetFiles(_folder.FullName).Single()), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CP-174")]
    public async Task LifeOfARoot_IsAsItIsSaid_AlsoOfTheNextOne()
    {
        using SelfSignedRoot root = await Keeper(TimeSpan.FromDays(30)).OpenAsync(default);
        Assert.Equal(Make.Now.AddDays(30).UtcDateTime, Authority(root).NotAfter.UtcDateTime);
        _clock.Advance(TimeSpan.FromDays(25));

        using SelfSignedRoot? next = await Keeper(TimeSpan.FromDays(60)).CheckAsync(default);

        Assert.Equal(Make.Now.AddDays(85).UtcDateTime, Authority(next!).NotAfter.UtcDateTime);
    }

    [Fact]
    [Trait("behaviour", "CP-180")]
    public void RevocationList_IsReadBesideThePluggedAuthority_AndHandedOn()
    {
        (X509Certificate2 root, ECDsa key) = Make.Authority("root");
        Write("ca-cert.pem", root.ExportCertificatePem());
        Write("ca-key.pem", key.ExportECPrivateKeyPem());
        Write("root-cert.pem", root.ExportCertificatePem());
        Write("cert-chain.pem", "");
        Assert.True(PluggedAuthority.TryLoad(_folder.FullName, Make.Now, out SigningAuthority? authority, out string? error), error);
        Assert.Null(authority.RevocationPem);

        var builder = new CertificateRevocationListBuilder();
        builder.AddEntry([7]);
        string list = PemEncoding.WriteString("X509 CRL", builder.Build(root.HasPrivateKey ? root : root.CopyWithPrivateKey(key), 1, Make.Now.AddDays(30), HashAlgorithmName.SHA256));
        Write("ca-crl.pem", list);
        Assert.True(PluggedAuthority.TryLoad(_folder.FullName, Make.Now, out authority, out error), error);
        Assert.Equal(list, authority.RevocationPem);
        Write("ca-crl.pem", "nothing");
        Assert.False(PluggedAuthority.TryLoad(_folder.FullName, Make.Now, out _, out _));
    }

    [Fact]
    [Trait("behaviour", "CP-196")]
    public async Task Rotation_KeepsTheKey_AndBothRoots()
    {
        using SelfSignedRoot first = await Keeper().OpenAsync(default);
        string before = Bundle(first);
        _clock.Advance(TimeSpan.FromDays(2900));
        Assert.Equal(before, Bundle((await Keeper().CheckAsync(default))!));
        _clock.Advance(TimeSpan.FromDays(100));

        string after = Bundle((await Keeper().CheckAsync(default))!);

        Assert.Contains(before, after, StringComparison.Ordinal);
        X509Certificate2Collection both = [];
        both.ImportFromPem(after);
        Assert.Equal(2, both.Count);
        Assert.Equal(both[0].PublicKey.ExportSubjectPublicKeyInfo(), both[1].PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Equal(both[0].SubjectName.RawData, both[1].SubjectName.RawData);
        Assert.Equal(after, Bundle((await Keeper().CheckAsync(default))!));
        Assert.Null(Make.Holder(Authority(first)).Replace(Authority((await Keeper().CheckAsync(default))!), mayChangeRoots: true));
        _clock.Advance(TimeSpan.FromDays(700));
        X509Certificate2Collection later = [];
        later.ImportFromPem(Bundle((await Keeper().CheckAsync(default))!));
        Assert.Single(later);
    }

    [Fact]
    public async Task RemovedRoot_IsNotMadeAgain_AndAForeignFileIsNotOverwritten()
    {
        await Keeper().OpenAsync(default);
        string file = Directory.GetFiles(_folder.FullName).Single();
        File.WriteAllText(file, "secret text of somebody");
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(() => Keeper().OpenAsync(default));
        Assert.DoesNotContain("somebody", error.Message, StringComparison.Ordinal);
        Assert.Equal("secret text of somebody", File.ReadAllText(file));
        File.Delete(file);

        Assert.Null(await Keeper().CheckAsync(default));
    }

    [Fact]
    [Trait("behaviour", "CP-197")]
    public void Bundles_OverlapOrNot()
    {
        string a = Make.Authority("a").Certificate.ExportCertificatePem() + "\n";
        string b = Make.Authority("b").Certificate.ExportCertificatePem() + "\n";
        string c = Make.Authority("c").Certificate.ExportCertificatePem() + "\n";

        Assert.True(BundleRelation.Overlaps(a, a));
        Assert.True(BundleRelation.Overlaps(a, a + b));
        Assert.True(BundleRelation.Overlaps(b + a, a));
        Assert.True(BundleRelation.Overlaps(a + b, b + a));
        Assert.False(BundleRelation.Overlaps(a, b));
        Assert.False(BundleRelation.Overlaps(a + b, b + c));
        Assert.False(BundleRelation.Overlaps(a, ""));
        Assert.False(BundleRelation.Overlaps(a, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"));
    }

    [Fact]
    [Trait("behaviour", "CP-179")]
    [Trait("behaviour", "CP-197")]
    public void Plugged_IsWholeOrRefused()
    {
        (X509Certificate2 root, ECDsa _) = Make.Authority("root");
        (X509Certificate2 middle, ECDsa _) = Make.Authority("middle", root);
        (X509Certificate2 signer, ECDsa key) = Make.Authority("signer", middle, Make.Now.AddHours(5));
        Assert.False(PluggedAuthority.IsPresent(_folder.FullName));
        Write("ca-cert.pem", signer.ExportCertificatePem());
        Write("ca-key.pem", key.ExportECPrivateKeyPem());
        Assert.True(PluggedAuthority.IsPresent(_folder.FullName));
        Assert.Contains("lacks cert-chain.pem, root-cert.pem", Error(), StringComparison.Ordinal);
        Write("root-cert.pem", root.ExportCertificatePem());
        Write("cert-chain.pem", middle.ExportCertificatePem() + "\n" + root.ExportCertificatePem());

        Assert.True(PluggedAuthority.TryLoad(_folder.FullName, Make.Now, out SigningAuthority? authority, out string? error), error);
        Assert.Equal(signer.NotAfter.ToUniversalTime(), authority.NotAfter);
        Assert.True(authority.TryIssue(new IssueRequest(Make.Request(), [Make.Cart], TimeSpan.FromHours(24)), Make.Now, out IReadOnlyList<string>? chain, out _));
        X509Certificate2[] parsed = [.. chain.Select(pem => X509Certificate2.CreateFromPem(pem))];
        Assert.Equal(["", "CN=signer", "CN=middle", "CN=root"], parsed.Select(certificate => certificate.Subject));
        Assert.Equal(signer.NotAfter, parsed[0].NotAfter);

        Write("ca-key.pem", "SECRET");
        Assert.EndsWith("ca-key.pem is not what its name says", Error(), StringComparison.Ordinal);
        Write("ca-key.pem", Make.Authority("other").Key.ExportECPrivateKeyPem());
        Assert.Contains("not the certificate's", Error(), StringComparison.Ordinal);
    }

    [Fact]
    public void Plugged_TlsForm()
    {
        (X509Certificate2 root, ECDsa _) = Make.Authority("root");
        (X509Certificate2 signer, ECDsa key) = Make.Authority("signer", root);
        Write("tls.crt", signer.ExportCertificatePem());
        Write("tls.key", key.ExportPkcs8PrivateKeyPem());
        Assert.Contains("lacks ca.crt", Error(), StringComparison.Ordinal);
        Write("ca.crt", root.ExportCertificatePem());

        Assert.True(PluggedAuthority.TryLoad(_folder.FullName, Make.Now, out SigningAuthority? authority, out string? error), error);
        Assert.Equal(root.ExportCertificatePem() + "\n", authority.RootsPem);
    }

    [Fact]
    public void Holder_KeepsTheOldOne_WhenRootsWouldBreak()
    {
        SigningAuthority old = Make.SelfSigned();
        AuthorityHolder holder = Make.Holder(old);

        Assert.Contains("not allowed", holder.Replace(Make.SelfSigned(), mayChangeRoots: false), StringComparison.Ordinal);
        Assert.Contains("first use a bundle with both", holder.Replace(Make.SelfSigned(), mayChangeRoots: true), StringComparison.Ordinal);
        Assert.Same(old, holder.Current);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private SelfSignedKeeper Keeper(TimeSpan? lifetime = null) => new(new FolderRootStore(_folder.FullName), "cluster.local", lifetime ?? SelfSignedRoot.DefaultLifetime, _clock);

    private SigningAuthority Authority(SelfSignedRoot root)
    {
        Assert.True(root.TryMakeAuthority(null, _clock.GetUtcNow(), out SigningAuthority? authority, out string? error), error);
        return authority;
    }

    private string Bundle(SelfSignedRoot root) => Authority(root).RootsPem;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.FullName, name), text);

    private string Error()
    {
        Assert.False(PluggedAuthority.TryLoad(_folder.FullName, Make.Now, out _, out string? error));
        return error;
    }
}

using System.Text;
using Ambient.Identity.Trust;
using Ambient.Testing.Clocks;

namespace Ambient.Identity.Tests.Trust;

public sealed class RevocationTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ambient-crl-");
    private readonly ManualTime _clock = new();
    private readonly TestAuthority _root = TestAuthority.Root();
    private readonly TestAuthority _middle;
    private readonly byte[] _leaf;

    public RevocationTests()
    {
        _middle = _root.Intermediate("middle");
        _leaf = _middle.Leaf("a");
    }

    private string File => Path.Combine(_directory.FullName, "crl.pem");

    private IReadOnlyList<ReadOnlyMemory<byte>> Chain => [_leaf, _middle.Der, _root.Der];

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    [Trait("behaviour", "ZT-188")]
    public void MissingFile_RevokesNothing_AndIsReadOnceItAppears()
    {
        var warnings = new List<string>();
        using RevocationStore store = RevocationStore.Open(File, _clock, warnings.Add);
        Assert.False(store.IsRevoked(Chain));
        Assert.Contains(File, Assert.Single(warnings), StringComparison.Ordinal);

        System.IO.File.WriteAllText(File, _middle.RevokePem(_leaf));
        Assert.True(store.IsRevoked(Chain));
    }

    [Fact]
    [Trait("behaviour", "ZT-189")]
    public void Garbage_FailsToOpen()
    {
        System.IO.File.WriteAllText(File, "this is no list");
        Assert.Contains(File, Assert.Throws<InvalidDataException>(() => RevocationStore.Open(File, _clock)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("behaviour", "ZT-190")]
    [InlineData("")]
    [InlineData("\n \n")]
    public void EmptyFile_IsFine(string content)
    {
        using RevocationStore store = Open(content);
        Assert.Empty(store.Current.Lists);
    }

    [Fact]
    [Trait("behaviour", "ZT-191")]
    public void OnePemList_IsLoaded_OtherBlocksArePassedOver()
    {
        using RevocationStore store = Open($"{_root.Pem}\n{_middle.RevokePem(_leaf)}\n");
        Assert.Equal(1, Assert.Single(store.Current.Lists).Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-191")]
    public void OneDerList_IsLoaded()
    {
        System.IO.File.WriteAllBytes(File, _middle.Revoke(_leaf));
        using RevocationStore store = RevocationStore.Open(File, _clock);
        Assert.True(store.IsRevoked(Chain));
    }

    [Fact]
    [Trait("behaviour", "ZT-192")]
    public void LeafIntermediateAndRoot_CanEachBeRevoked_OthersNot()
    {
        Assert.True(Open(_middle.RevokePem(_leaf)).IsRevoked(Chain));
        Assert.True(Open(_root.RevokePem(_middle.Der)).IsRevoked(Chain));
        Assert.True(Open(_root.RevokePem(_root.Der)).IsRevoked(Chain));
        Assert.False(Open(_middle.RevokePem(_middle.Leaf("other"))).IsRevoked(Chain));
    }

    [Fact]
    [Trait("behaviour", "ZT-194")]
    public void RegisteringARevokedChain_EndsItAtOnce()
    {
        using RevocationStore store = Open(_middle.RevokePem(_leaf));
        int ended = 0;

        store.Register(Chain, _ => ended++, null);
        store.Register([_middle.Leaf("b"), _middle.Der, _root.Der], _ => ended += 100, null);

        Assert.Equal(1, ended);
        Assert.Equal(1, store.TrackedChains);
    }

    [Fact]
    [Trait("behaviour", "ZT-195")]
    public void RevokedIntermediate_EndsEverythingBeneath_ThroughSeveralLevels()
    {
        TestAuthority low = _middle.Intermediate("low");
        using RevocationStore store = Open("");
        var ended = new List<string>();
        store.Register(Chain, _ => ended.Add("direct"), null);
        store.Register([low.Leaf("b"), low.Der, _middle.Der, _root.Der], _ => ended.Add("deep"), null);
        TestAuthority other = _root.Intermediate("other");
        store.Register([other.Leaf("c"), other.Der, _root.Der], _ => ended.Add("other"), null);

        Replace(store, _root.RevokePem(_middle.Der));

        Assert.Equal(["deep", "direct"], ended.Order());
        Replace(store, _root.RevokePem(_middle.Der));
        Assert.Equal(2, ended.Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-196")]
    public void LeafRevokedByItsIntermediate_EndsOnlyItsConnections()
    {
        using RevocationStore store = Open("");
        var ended = new List<int>();
        IReadOnlyList<ReadOnlyMemory<byte>> chain = Chain;
        store.Register(chain, _ => ended.Add(1), null);
        store.Register(chain, _ => ended.Add(2), null);
        store.Register([_middle.Leaf("b"), _middle.Der, _root.Der], _ => ended.Add(3), null);

        Replace(store, _middle.RevokePem(_leaf));

        Assert.Equal([1, 2], ended.Order());
    }

    [Fact]
    [Trait("behaviour", "ZT-197")]
    public void UnrelatedIssuer_HasNoEffect_EvenUnderTheSameName()
    {
        using RevocationStore store = Open(TestAuthority.Root("stranger").RevokePem(_leaf));
        Assert.False(store.IsRevoked(Chain));

        Replace(store, TestAuthority.Root("other").Intermediate("middle").RevokePem(_leaf));
        Assert.False(store.IsRevoked(Chain));
    }

    [Fact]
    [Trait("behaviour", "ZT-198")]
    public void EndedConnections_AreForgotten_TheRestStaysTracked()
    {
        using RevocationStore store = Open("");
        int ended = 0;
        IDisposable first = store.Register(Chain, _ => ended += 100, null)!;
        IDisposable second = store.Register([_middle.Leaf("b"), _middle.Der, _root.Der], _ => ended++, null)!;

        first.Dispose();
        Assert.Equal(1, store.TrackedChains);
        Replace(store, _root.RevokePem(_middle.Der));
        Assert.Equal(1, ended);
        second.Dispose();
        Assert.Equal(0, store.TrackedChains);
    }

    [Fact]
    [Trait("behaviour", "ZT-199")]
    public void UnreadableChain_StaysUp_AndTheCallerIsTold()
    {
        using RevocationStore store = Open(_middle.RevokePem(_leaf));
        int ended = 0;

        Assert.Null(store.Register([new byte[] { 1, 2, 3 }], _ => ended++, null));

        Assert.Equal((0, 0), (ended, store.TrackedChains));
    }

    [Fact]
    [Trait("behaviour", "ZT-201")]
    public void ExpiredCertificate_SurvivesAnUnrelatedReload()
    {
        using RevocationStore store = Open("");
        int ended = 0;
        store.Register(Chain, _ => ended++, null);
        _clock.Advance(TimeSpan.FromDays(4000));

        Replace(store, _middle.RevokePem(_middle.Leaf("other")));

        Assert.Equal(0, ended);
    }

    [Fact]
    public void BrokenReload_KeepsTheLastGoodLists()
    {
        using RevocationStore store = Open(_middle.RevokePem(_leaf));
        Replace(store, "broken");
        Assert.True(store.IsRevoked(Chain));
    }

    [Fact]
    public void ChangedFile_IsReadAfterTheQuietTime()
    {
        using RevocationStore store = RevocationStore.Open(File, TimeProvider.System);
        using var revoked = new ManualResetEventSlim();
        store.Register(Chain, _ => revoked.Set(), null);

        System.IO.File.WriteAllText(File + ".new", _middle.RevokePem(_leaf));
        System.IO.File.Move(File + ".new", File);

        Assert.True(revoked.Wait(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void ForeignBytes_NeverThrow()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[] good = _middle.Revoke(_leaf, _root.Leaf("x"));
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = i % 4 == 0 ? new byte[random.Next(200)] : [.. good];
            if (i % 4 == 0)
            {
                random.NextBytes(bytes);
            }

            for (int n = random.Next(4); n > 0 && bytes.Length > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bool parsed = RevocationSet.TryParse(bytes.AsMemory(0, random.Next(8) == 0 ? random.Next(bytes.Length + 1) : bytes.Length), out RevocationSet? set, out string? error);
            Assert.True(parsed ? set is not null : error is not null, $"seed {seed}");
            set?.Revokes(Links());
            _ = ChainLink.TryParse(bytes, out _);
        }

        ChainLink[] Links() => ChainLink.TryParse(Chain, out ChainLink[]? links) ? links : throw new InvalidOperationException();
    }

    [Fact]
    public void PemBundles_OfAnyText_NeverThrow()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        string good = _root.Pem + "\n" + _middle.Pem;
        for (int i = 0; i < 2000; i++)
        {
            var text = new StringBuilder(good);
            for (int n = random.Next(6); n > 0; n--)
            {
                text[random.Next(text.Length)] = (char)random.Next(1, 300);
            }

            Assert.InRange(TrustBundle.ParsePem(text.ToString(), out int skipped).RootsDer.Count + skipped, 0, 2);
        }
    }

    private RevocationStore Open(string content)
    {
        System.IO.File.WriteAllText(File, content);
        return RevocationStore.Open(File, _clock);
    }

    private void Replace(RevocationStore store, string content)
    {
        System.IO.File.WriteAllText(File, content);
        store.Reload();
    }
}

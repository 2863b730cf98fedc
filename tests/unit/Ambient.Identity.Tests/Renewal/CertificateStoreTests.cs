using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Testing.Clocks;

namespace Ambient.Identity.Tests.Renewal;

public sealed class CertificateStoreTests
{
    private static readonly CertificateStoreOptions Exact = new() { RenewalJitter = 0, BackoffJitter = 0 };
    private readonly ManualTime _clock = new();
    private readonly ScriptedIssuer _issuer;

    public CertificateStoreTests() => _issuer = new ScriptedIssuer(_clock);

    [Theory]
    [Trait("behaviour", "ZT-178")]
    [InlineData(0, 1000, 500)]
    [InlineData(-600, 1000, 0)]
    [InlineData(-1000, -1, 0)]
    [InlineData(100, 100, 0)]
    [InlineData(100, 50, 0)]
    [InlineData(100, 300, 200)]
    public void HalfLife(int notBefore, int notAfter, int expected)
    {
        DateTimeOffset now = _clock.GetUtcNow();

        // The second row: half of 1600 s after a start 600 s ago is 200 s from now.
        TimeSpan wait = CertificateStore.UntilHalfLife(now.AddSeconds(notBefore), now.AddSeconds(notAfter), now);

        Assert.Equal(notBefore == -600 ? 200 : expected, wait.TotalSeconds);
    }

    [Fact]
    [Trait("behaviour", "ZT-178")]
    public async Task Renewal_IsAtHalfLife_AndTheOldOneServesMeanwhile()
    {
        await using CertificateStore store = Make(Exact);
        WorkloadCertificate first = await Issued(store, "a");

        _clock.Advance(TimeSpan.FromSeconds(499));
        Assert.Equal(0, _issuer.Pending);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _issuer.Pending);
        Assert.Same(first, Get(store, "a"));

        _issuer.AnswerNext();
        Assert.NotSame(first, Get(store, "a"));
    }

    [Fact]
    public async Task RenewalJitter_OnlyBringsForward()
    {
        _issuer.Immediately = _ => null;
        await using CertificateStore store = Make(new CertificateStoreOptions { RenewalJitter = 0.1 });
        for (int i = 0; i < 50; i++)
        {
            store.Prefetch(TestAuthority.Id($"id{i}"));
        }

        _clock.Advance(TimeSpan.FromSeconds(449));
        Assert.Equal(50, _issuer.Order.Count);
        _clock.Advance(TimeSpan.FromSeconds(26));
        Assert.InRange(_issuer.Order.Count, 51, 99);
        _clock.Advance(TimeSpan.FromSeconds(26));
        Assert.True(_issuer.Order.Count >= 100);
    }

    [Fact]
    [Trait("behaviour", "ZT-178")]
    public async Task BadDates_AreRenewedAtOnce_ButNotInATightLoop()
    {
        _issuer.Lifetime = TimeSpan.FromSeconds(-10);
        _issuer.Immediately = _ => null;
        await using CertificateStore store = Make(Exact);

        store.Prefetch(TestAuthority.Id("a"));
        _clock.Advance(TimeSpan.Zero);
        Assert.Equal(2, _issuer.Order.Count);
        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.InRange(_issuer.Order.Count, 3, 6);
    }

    [Fact]
    [Trait("behaviour", "ZT-179")]
    public async Task OneAtATime_HigherPriorityFirst_ThenOlder()
    {
        await using CertificateStore store = Make(Exact with { MaxInFlight = 1 });
        store.Request(TestAuthority.Id("id1"), RequestPriority.Background);
        store.Request(TestAuthority.Id("id2"), RequestPriority.Background);
        store.Prefetch(TestAuthority.Id("id3"));
        Task<WorkloadCertificate> demand = store.GetAsync(TestAuthority.Id("id4"), CancellationToken.None);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(1, _issuer.Pending);
            _issuer.AnswerNext();
        }

        Assert.Equal(["id1", "id4", "id3", "id2"], _issuer.Order);
        await demand;
        _clock.Advance(TimeSpan.FromSeconds(499));
        Assert.Equal(0, _issuer.Pending);
        _clock.Advance(TimeSpan.FromSeconds(2));
        for (int i = 0; i < 4; i++)
        {
            _issuer.AnswerNext();
        }

        Assert.Equal(["id1", "id4", "id3", "id2", "id1", "id4", "id3", "id2"], _issuer.Order);
    }

    [Theory]
    [Trait("behaviour", "ZT-180")]
    [InlineData("w5")]
    [InlineData("w4")]
    public async Task Demand_OvertakesWarmUps(string demanded)
    {
        await using CertificateStore store = Make(Exact with { MaxInFlight = 1 });
        for (int i = 1; i <= 4; i++)
        {
            store.Prefetch(TestAuthority.Id($"w{i}"));
        }

        Task<WorkloadCertificate> demand = store.GetAsync(TestAuthority.Id(demanded), CancellationToken.None);
        _issuer.AnswerNext();
        _issuer.AnswerNext();

        Assert.Equal(demanded, (await demand).Identity.ServiceAccount);
        Assert.Equal(["w1", demanded], _issuer.Order.Take(2));
    }

    [Fact]
    [Trait("behaviour", "ZT-181")]
    public async Task ConcurrentDemands_ShareOneRequest()
    {
        await using CertificateStore store = Make(Exact);
        Task<WorkloadCertificate>[] all = [.. Enumerable.Range(0, 50).Select(_ => Task.Run(() => store.GetAsync(TestAuthority.Id("a"), CancellationToken.None)))];
        Assert.True(SpinWait.SpinUntil(() => _issuer.Pending == 1, TimeSpan.FromSeconds(10)));
        _issuer.AnswerNext();

        WorkloadCertificate[] certificates = await Task.WhenAll(all);

        Assert.Single(certificates.Distinct());
        Assert.Single(_issuer.Order);
    }

    [Fact]
    [Trait("behaviour", "ZT-182")]
    public async Task SeveralIdentities_AreRequestedSideBySide_UpToTheLimit()
    {
        await using CertificateStore store = Make(Exact with { MaxInFlight = 4 });
        for (int i = 0; i < 6; i++)
        {
            store.Prefetch(TestAuthority.Id($"w{i}"));
        }

        Assert.Equal(4, _issuer.Pending);
    }

    [Fact]
    [Trait("behaviour", "ZT-183")]
    public async Task Forget_FailsPendingDemandsAtOnce()
    {
        await using CertificateStore store = Make(Exact);
        Task<WorkloadCertificate> demand = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);

        store.Forget(TestAuthority.Id("a"));

        IssueException error = await Assert.ThrowsAsync<IssueException>(() => demand);
        Assert.Equal("the identity is no longer needed", error.Message);
        Assert.Equal(0, store.Count);
        _issuer.AnswerNext();
        Assert.Equal(0, store.Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-184")]
    public async Task Forget_DropsAnAvailableOne()
    {
        await using CertificateStore store = Make(Exact);
        await Issued(store, "a");

        store.Forget(TestAuthority.Id("a"));

        Assert.Equal(0, store.Count);
        Assert.False(store.TryGet(TestAuthority.Id("a"), out _));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, _issuer.Pending);
    }

    [Fact]
    [Trait("behaviour", "ZT-185")]
    public async Task HundredIdentities_AllSucceed()
    {
        _issuer.Immediately = _ => null;
        await using CertificateStore store = Make(Exact);

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Task.Run(() => store.GetAsync(TestAuthority.Id($"id{i % 100}"), CancellationToken.None))));

        Assert.Equal(100, store.Count);
        Assert.Equal(100, store.Snapshot().Count(status => status.State == CertificateState.Available));
    }

    [Fact]
    [Trait("behaviour", "ZT-186")]
    public async Task ShortLives_AreRenewedAgainAndAgain()
    {
        _issuer.Lifetime = TimeSpan.FromMilliseconds(50);
        _issuer.Immediately = _ => null;
        await using CertificateStore store = Make(Exact);
        var seen = new HashSet<WorkloadCertificate>();
        for (int i = 0; i < 100; i++)
        {
            seen.Add(await store.GetAsync(TestAuthority.Id("a"), CancellationToken.None));
            _clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(seen.Count, 30, 50);
    }

    private CertificateStore Make(CertificateStoreOptions options) => new(_issuer, options, _clock);

    private static WorkloadCertificate Get(CertificateStore store, string account)
    {
        Assert.True(store.TryGet(TestAuthority.Id(account), out WorkloadCertificate? certificate));
        return certificate;
    }

    private async Task<WorkloadCertificate> Issued(CertificateStore store, string account)
    {
        Task<WorkloadCertificate> demand = store.GetAsync(TestAuthority.Id(account), CancellationToken.None);
        _issuer.AnswerNext();
        return await demand;
    }
}

using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Testing.Clocks;

namespace Ambient.Identity.Tests.Renewal;

/// <summary>What an authority that refuses, stalls or disappears does to those who need it.</summary>
public sealed class CertificateFailureTests
{
    private static readonly CertificateStoreOptions Exact = new() { RenewalJitter = 0, BackoffJitter = 0 };
    private readonly ManualTime _clock = new();
    private readonly ScriptedIssuer _issuer;

    public CertificateFailureTests() => _issuer = new ScriptedIssuer(_clock);

    [Fact]
    public async Task Failure_NeverReplacesAValidCertificate_UntilItExpires()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        _issuer.Immediately = _ => null;
        WorkloadCertificate first = await store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);
        _issuer.Immediately = _ => "refused";

        _clock.Advance(TimeSpan.FromSeconds(999));
        Assert.Same(first, await store.GetAsync(TestAuthority.Id("a"), CancellationToken.None));
        CertificateStatus status = Assert.Single(store.Snapshot());
        Assert.Equal((CertificateState.Available, "refused"), (status.State, status.Error));

        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.False(store.TryGet(TestAuthority.Id("a"), out _));
        IssueException error = await Assert.ThrowsAsync<IssueException>(() => store.GetAsync(TestAuthority.Id("a"), CancellationToken.None));
        Assert.Equal("refused", error.Message);
        Assert.Equal(CertificateState.Unavailable, Assert.Single(store.Snapshot()).State);

        _issuer.Immediately = _ => null;
        _clock.Advance(TimeSpan.FromSeconds(150));
        Assert.True(store.TryGet(TestAuthority.Id("a"), out _));
    }

    [Fact]
    public async Task Retry_IsNoLaterThanTheExpiryOfWhatIsLeft()
    {
        await using var store = new CertificateStore(_issuer, Exact with { FirstBackoff = TimeSpan.FromSeconds(100) }, _clock);
        _issuer.Lifetime = TimeSpan.FromSeconds(20);
        _issuer.Immediately = _ => null;
        await store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);
        _issuer.Immediately = _ => "refused";

        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, _issuer.Order.Count);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(3, _issuer.Order.Count);
    }

    [Fact]
    public async Task FirstFailure_FailsDemandsAtOnceUntilTheRetry()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        Task<WorkloadCertificate> first = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);
        _issuer.AnswerNext("no");
        await Assert.ThrowsAsync<IssueException>(() => first);

        await Assert.ThrowsAsync<IssueException>(() => store.GetAsync(TestAuthority.Id("a"), CancellationToken.None));
        Assert.Single(_issuer.Order);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _issuer.AnswerNext();

        Assert.True(store.TryGet(TestAuthority.Id("a"), out _));
    }

    [Fact]
    public async Task Backoff_Doubles_UpToTheLimit()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);

        Assert.Equal([1, 2, 4, 8, 64, 128, 150, 150], new[] { 1, 2, 3, 4, 7, 8, 9, 500 }.Select(n => store.BackoffAfter(n, TimeSpan.Zero).TotalSeconds));
        Assert.Equal(150, store.BackoffAfter(1, TimeSpan.FromMinutes(15)).TotalSeconds);
    }

    [Fact]
    public async Task BackoffJitter_StaysWithinAFifth()
    {
        _issuer.Immediately = _ => "no";
        await using var store = new CertificateStore(_issuer, new CertificateStoreOptions(), _clock);
        for (int i = 0; i < 40; i++)
        {
            store.Prefetch(TestAuthority.Id($"id{i}"));
        }

        _clock.Advance(TimeSpan.FromMilliseconds(795));
        Assert.Equal(40, _issuer.Order.Count);
        _clock.Advance(TimeSpan.FromMilliseconds(410));
        Assert.Equal(80, _issuer.Order.Count);
    }

    [Fact]
    public async Task StalledAuthority_IsGivenUpAfterTheLimit_AndItsPlaceIsFree()
    {
        await using var store = new CertificateStore(_issuer, Exact with { MaxInFlight = 1, IssueTimeout = TimeSpan.FromSeconds(5) }, _clock);
        Task<WorkloadCertificate> stalled = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);
        Task<WorkloadCertificate> next = store.GetAsync(TestAuthority.Id("b"), CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(5));

        IssueException error = await Assert.ThrowsAsync<IssueException>(() => stalled.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Contains("no answer within 5 s", error.Message, StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => _issuer.Order.Count == 2, TimeSpan.FromSeconds(10)));
        _issuer.AnswerNext();
        _issuer.AnswerNext();
        Assert.Equal("b", (await next).Identity.ServiceAccount);
    }

    [Fact]
    public async Task Failures_AreReported_WithWhetherACertificateRemains()
    {
        var reports = new List<(string, string, bool)>();
        await using var store = new CertificateStore(_issuer, Exact with { OnFailure = (id, why, keeps) => reports.Add((id, why, keeps)) }, _clock);
        _issuer.Immediately = _ => null;
        await store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);
        _issuer.Immediately = _ => "refused";

        _clock.Advance(TimeSpan.FromSeconds(500));

        Assert.Equal([(TestAuthority.Id("a").ToString(), "refused", true)], reports);
    }

    [Fact]
    public async Task CallbackThatThrows_HurtsNobodyElse()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        store.Demand(TestAuthority.Id("a"), (_, _, _) => throw new InvalidOperationException("bug"), null);
        Task<WorkloadCertificate> other = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);

        _issuer.AnswerNext();

        Assert.Equal("a", (await other).Identity.ServiceAccount);
    }

    [Fact]
    public async Task Closing_FailsWhoWaits_AndLaterDemands()
    {
        var store = new CertificateStore(_issuer, Exact, _clock);
        Task<WorkloadCertificate> waiting = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);

        await store.DisposeAsync();

        await Assert.ThrowsAsync<IssueException>(() => waiting);
        await Assert.ThrowsAsync<IssueException>(() => store.GetAsync(TestAuthority.Id("b"), CancellationToken.None));
    }
}

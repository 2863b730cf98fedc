using Ambient.Identity.Certificates;
using Ambient.Identity.Renewal;
using Ambient.Testing.Clocks;

namespace Ambient.Identity.Tests.Renewal;

/// <summary>Certificates that are asked for before the authority may know of the workload: its first refusals mean nothing.</summary>
public sealed class CertificateEarlyTests
{
    private static readonly CertificateStoreOptions Exact = new() { RenewalJitter = 0, BackoffJitter = 0 };
    private readonly ManualTime _clock = new();
    private readonly ScriptedIssuer _issuer;

    public CertificateEarlyTests() => _issuer = new ScriptedIssuer(_clock);

    [Fact]
    public async Task Refused_ItIsTriedAgainWithinMilliseconds_ThenLessAndLessOften()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        _issuer.Immediately = _ => "unknown pod";
        store.Expect(TestAuthority.Id("a"));

        List<int> tries = [];
        for (int at = 0; at < 800; at++)
        {
            if (_issuer.Order.Count > tries.Count)
            {
                tries.Add(at);
            }

            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal([0, 25, 75, 175, 375, 775], tries);
        _clock.Advance(TimeSpan.FromHours(1));
        int before = _issuer.Order.Count;
        _clock.Advance(TimeSpan.FromSeconds(1500));
        Assert.Equal(10, _issuer.Order.Count - before);

        _issuer.Immediately = _ => null;
        _clock.Advance(TimeSpan.FromSeconds(150));
        Assert.True(store.TryGet(TestAuthority.Id("a"), out _));
    }

    [Fact]
    public async Task Confirmed_ARefusalIsForgotten_AndItIsAskedForAtOnce()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        _issuer.Immediately = _ => "unknown pod";
        store.Expect(TestAuthority.Id("a"));
        _clock.Advance(TimeSpan.FromSeconds(10));
        int before = _issuer.Order.Count;

        _issuer.Immediately = _ => null;
        store.Prefetch(TestAuthority.Id("a"));

        Assert.Equal(before + 1, _issuer.Order.Count);
        Assert.True(store.TryGet(TestAuthority.Id("a"), out _));
    }

    [Fact]
    public async Task ConfirmedWhileTheRequestIsUnderWay_ItsRefusalCountsForNothing()
    {
        var reports = new List<string>();
        await using var store = new CertificateStore(_issuer, Exact with { OnFailure = (_, why, _) => reports.Add(why) }, _clock);
        store.Expect(TestAuthority.Id("a"));
        store.Prefetch(TestAuthority.Id("a"));
        Task<WorkloadCertificate> waiting = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);

        _issuer.AnswerNext("unknown pod");
        Assert.False(waiting.IsCompleted);
        Assert.Equal(["a", "a"], _issuer.Order);
        Assert.Empty(reports);

        // The second is an ordinary one.
        _issuer.AnswerNext("really not");
        await Assert.ThrowsAsync<Ambient.Identity.Issuing.IssueException>(() => waiting);
        Assert.Equal(["really not"], reports);
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(2, _issuer.Order.Count);
    }

    [Fact]
    public async Task Demand_WaitsForAnAnswerOfItsOwn()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        store.Expect(TestAuthority.Id("a"));
        _issuer.AnswerNext("unknown pod");

        Task<WorkloadCertificate> waiting = store.GetAsync(TestAuthority.Id("a"), CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        _issuer.AnswerNext();

        Assert.Equal("a", (await waiting).Identity.ServiceAccount);
    }

    [Fact]
    public async Task FirstRefusals_AreNoNews()
    {
        var reports = new List<TimeSpan>();
        DateTimeOffset start = _clock.GetUtcNow();
        await using var store = new CertificateStore(_issuer, Exact with { OnFailure = (_, _, _) => reports.Add(_clock.GetUtcNow() - start) }, _clock);
        _issuer.Immediately = _ => "unknown pod";
        store.Expect(TestAuthority.Id("a"));

        _clock.Advance(TimeSpan.FromSeconds(4));

        // 25 ms after the first refusal, and doubling: the seventh wait ends beyond two seconds.
        Assert.Equal([TimeSpan.FromMilliseconds(3175)], reports);
    }

    [Fact]
    public async Task AnotherWorkload_BeginsAnew()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        _issuer.Immediately = _ => "unknown pod";
        store.Expect(TestAuthority.Id("a"));
        _clock.Advance(TimeSpan.FromSeconds(60));
        int before = _issuer.Order.Count;

        store.Expect(TestAuthority.Id("a"));
        _clock.Advance(TimeSpan.FromMilliseconds(25));

        Assert.Equal(before + 2, _issuer.Order.Count);
    }

    [Fact]
    public async Task WhatIsThereOrAskedFor_IsNotAskedForAgain()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        store.Expect(TestAuthority.Id("a"));
        store.Expect(TestAuthority.Id("a"));
        _issuer.AnswerNext();
        store.Expect(TestAuthority.Id("a"));
        Assert.Single(_issuer.Order);

        // What an authority refused to somebody who is known stays refused for its time.
        _issuer.Immediately = _ => "no";
        store.Prefetch(TestAuthority.Id("b"));
        store.Expect(TestAuthority.Id("b"));
        Assert.Equal(["a", "b"], _issuer.Order);
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(["a", "b"], _issuer.Order);
    }

    [Fact]
    public async Task RenewalOfWhatBeganEarly_IsLikeAnyOther()
    {
        await using var store = new CertificateStore(_issuer, Exact, _clock);
        _issuer.Immediately = _ => null;
        store.Expect(TestAuthority.Id("a"));
        _issuer.Immediately = _ => "no";
        _clock.Advance(TimeSpan.FromSeconds(500));
        Assert.Equal(2, _issuer.Order.Count);

        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(2, _issuer.Order.Count);
        Assert.True(store.TryGet(TestAuthority.Id("a"), out _));
    }
}

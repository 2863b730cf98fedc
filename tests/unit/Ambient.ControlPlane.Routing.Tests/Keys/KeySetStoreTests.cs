using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Routing.Tests.Keys;

public sealed class KeySetStoreTests
{
    private static readonly KeySource Source = new("issuer", "https://keys.example/jwks", KeySource.UsualTimeout);

    private readonly StepClock _clock = new();
    private readonly ScriptedFetcher _fetcher = new();
    private readonly KeySetStore _store;
    private int _changes;

    public KeySetStoreTests()
    {
        _store = new KeySetStore(_fetcher, new KeySetStoreOptions(), _clock);
        _store.Changed += () => _changes++;
    }

    [Fact]
    public async Task Keys_AreFetchedOnce_KeptAndRotated()
    {
        Assert.Null(_store.Find(Source));
        Assert.Null(_store.Find(Source with { }));
        await StepAsync(TimeSpan.Zero);
        Assert.Equal(("first", 1, 1), (_store.Find(Source), _fetcher.Calls, _changes));
        await StepAsync(TimeSpan.FromMinutes(19.9));
        Assert.Equal(1, _fetcher.Calls);
        await StepAsync(TimeSpan.FromMinutes(0.2));
        Assert.Equal((2, 1), (_fetcher.Calls, _changes));
        _fetcher.Keys = "second";
        await StepAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(("second", 3, 2), (_store.Find(Source), _fetcher.Calls, _changes));
    }

    [Fact]
    [Trait("behaviour", "WP-185")]
    public async Task Failure_KeepsTheLastGoodKeys_AndBacksOff()
    {
        Assert.Null(_store.Find(Source));
        await StepAsync(TimeSpan.Zero);
        _fetcher.Keys = null;
        await StepAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(("first", "down"), (_store.Find(Source), _store.ErrorOf(Source)));
        foreach (int minutes in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            int before = _fetcher.Calls;
            await StepAsync(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            Assert.Equal("first", _store.Find(Source));
            Assert.Equal(before, _fetcher.Calls);
            await StepAsync(TimeSpan.FromSeconds(1));
            Assert.Equal(before + 1, _fetcher.Calls);
        }

        _fetcher.Keys = "first";
        _store.Find(Source);
        await StepAsync(TimeSpan.FromHours(1));
        Assert.Equal(("first", null, 1), (_store.Find(Source), _store.ErrorOf(Source), _changes));
    }

    [Fact]
    public async Task FirstKeys_AreTriedForEverySecond_ThenSeldom()
    {
        _fetcher.Keys = null;
        List<(KeySource, bool)> told = [];
        _store.Failed += (source, _, hasOlder) => told.Add((source, hasOlder));
        Assert.Null(_store.Find(Source));
        await StepAsync(TimeSpan.Zero);
        for (int i = 1; i < 7; i++)
        {
            await StepAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(7, _fetcher.Calls);
        await StepAsync(TimeSpan.FromSeconds(59));
        Assert.Equal(7, _fetcher.Calls);
        await StepAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(8, _fetcher.Calls);
        await StepAsync(TimeSpan.FromSeconds(119));
        Assert.Equal(8, _fetcher.Calls);
        Assert.All(told, failure => Assert.Equal((Source, false), failure));
        Assert.Null(_store.Find(Source));
    }

    [Fact]
    public async Task OneFetchAtATime_ForOneSource_AndAFewForAll()
    {
        _fetcher.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (int i = 0; i < 20; i++)
        {
            _store.Find(Source with { Address = $"https://keys.example/{i}" });
        }

        Task first = _store.FetchDueAsync(CancellationToken.None);
        Assert.Equal(8, _fetcher.Running);
        Task second = _store.FetchDueAsync(CancellationToken.None);
        Assert.Equal(16, _fetcher.Calls);
        _fetcher.Gate.SetResult();
        await Task.WhenAll(first, second);
        await StepAsync(TimeSpan.Zero);
        Assert.Equal(20, _fetcher.Calls);
    }

    [Fact]
    public async Task Memory_IsBounded_AndTheUnusedIsDropped()
    {
        for (int i = 0; i < 2000; i++)
        {
            _store.Find(Source with { Address = $"https://keys.example/{i}" });
        }

        Assert.Equal(1024, _store.Count);
        Assert.Contains("more than 1024 issuers", _store.Answer(Source, "apps").Error, StringComparison.Ordinal);
        _clock.Advance(TimeSpan.FromMinutes(40));
        _store.Find(Source with { Address = "https://keys.example/5" });
        await StepAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(1, _store.Count);
    }

    /// <summary>Ahead, it dropped the keys as unused; back, nothing was fetched for as long.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task WallClockThatIsSet_ChangesNothing(int hours)
    {
        _store.Find(Source);
        await StepAsync(TimeSpan.Zero);
        _clock.Jump(TimeSpan.FromHours(hours));
        await StepAsync(TimeSpan.FromMinutes(19));
        Assert.Equal((1, 1), (_store.Count, _fetcher.Calls));
        Assert.Equal("first", _store.Find(Source));
        await StepAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _fetcher.Calls);
    }

    [Fact]
    public async Task Runs_UntilCancelled()
    {
        KeySetStore store = new(_fetcher, new KeySetStoreOptions(), TimeProvider.System);
        TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Changed += changed.SetResult;
        using CancellationTokenSource ending = new();
        Task run = store.RunAsync(ending.Token);
        store.Find(Source);
        await changed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("first", store.Find(Source));
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    private Task StepAsync(TimeSpan time)
    {
        _clock.Advance(time);
        return _store.FetchDueAsync(CancellationToken.None);
    }
}

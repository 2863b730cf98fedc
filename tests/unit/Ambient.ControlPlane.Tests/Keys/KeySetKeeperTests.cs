using Ambient.ControlPlane.Keys;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests.Keys;

/// <summary>Key sets over a restart of the control plane.</summary>
public sealed class KeySetKeeperTests : IDisposable
{
    private const string Keys = """{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}""";
    private static readonly KeySource Source = new("me", "https://keys.example/jwks", KeySource.UsualTimeout);
    private readonly Logs _logs = new();
    private readonly MemoryOfTests _memory = new();
    private readonly IssuerOfTests _issuer = new();

    [Fact]
    public async Task WhatWasFetched_IsInForceAfterARestart_ThoughTheIssuerIsSilent()
    {
        var first = new KeySetStore(_issuer, new KeySetStoreOptions(), TimeProvider.System);
        await WhileRunning(first, () => true, async () =>
        {
            Assert.True(first.Answer(Source).IsPending);
            _issuer.Answer.SetResult(Keys);
            await Eventually.TrueAsync(() => _memory.Saves > 0, TimeSpan.FromSeconds(30));
        });

        _issuer.Answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = new KeySetStore(_issuer, new KeySetStoreOptions(), TimeProvider.System);
        await WhileRunning(second, () => true, () =>
        {
            Assert.Equal(Keys, second.Answer(Source).Keys);
            return Task.CompletedTask;
        });
        Assert.DoesNotContain("could not be fetched", _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMemoryThatCannotBeRead_IsSaid_AndNobodyWaitsForIt()
    {
        _memory.Trouble = "disk on fire";
        var store = new KeySetStore(_issuer, new KeySetStoreOptions(), TimeProvider.System);
        await Keeper(store, () => true).LoadAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => _logs.Count("disk on fire") == 1, TimeSpan.FromSeconds(30));
        _memory.Trouble = null;
        _memory.Text = "{}\nnonsense";
        await Keeper(store, () => true).LoadAsync(CancellationToken.None);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task WhoDoesNotLead_WritesNothing()
    {
        var clock = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(50));
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _issuer.Answer.SetResult(Keys);
        var store = new KeySetStore(_issuer, new KeySetStoreOptions(), clock);
        _ = store.Answer(Source);
        using var ending = new CancellationTokenSource();
        Task running = Keeper(store, () => !asked.TrySetResult(), clock).RunAsync(ending.Token);
        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(3));
                return asked.Task.IsCompleted;
            },
            TimeSpan.FromSeconds(30));
        Assert.Equal(0, _memory.Saves);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void Waypoints_WaitForTheFirstTry_AndForAMomentAtMost()
    {
        var clock = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(50));
        var store = new KeySetStore(_issuer, new KeySetStoreOptions(), clock);
        Assert.True(new KeySetGrace(store, TimeSpan.FromSeconds(5), clock).IsOver);
        _ = store.Answer(Source);
        var grace = new KeySetGrace(store, TimeSpan.FromSeconds(5), clock);
        Assert.False(grace.IsOver);
        clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False(grace.IsOver);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(grace.IsOver);

        // A new issuer later on does not take anybody's service away.
        _ = store.Answer(Source with { Issuer = "another" });
        Assert.True(grace.IsOver);
    }

    [Fact]
    public async Task AFile_IsReplacedAsAWhole()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("key-sets-");
        try
        {
            var file = new KeySetFile(Path.Combine(folder.FullName, "sets"));
            Assert.Null(await file.LoadAsync(CancellationToken.None));
            await file.SaveAsync("one", CancellationToken.None);
            await file.SaveAsync("two", CancellationToken.None);
            Assert.Equal("two", await file.LoadAsync(CancellationToken.None));
            Assert.Single(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Dispose() => _logs.Dispose();

    private KeySetKeeper Keeper(KeySetStore store, Func<bool> writes, TimeProvider? clock = null) => new(store, _memory, writes, static () => { }, clock ?? TimeProvider.System, _logs.Logger);

    private async Task WhileRunning(KeySetStore store, Func<bool> writes, Func<Task> doing)
    {
        using var ending = new CancellationTokenSource();
        KeySetKeeper keeper = Keeper(store, writes);
        await keeper.LoadAsync(CancellationToken.None);
        Task running = keeper.RunAsync(ending.Token);
        await doing();
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}

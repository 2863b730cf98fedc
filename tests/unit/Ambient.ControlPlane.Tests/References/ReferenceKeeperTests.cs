using System.Collections.Concurrent;
using System.Text;
using Ambient.ControlPlane.References;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests.References;

/// <summary>Secrets and ConfigMaps that rules name: how many, by whom, and what is said when they cannot be had.</summary>
public sealed class ReferenceKeeperTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly ReferenceSource _source = new();
    private readonly ConcurrentQueue<ReferenceKey> _changed = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly Logs _logs = new();
    private readonly ManualTime _clock = new();
    private readonly ReferenceKeeper _keeper;

    public ReferenceKeeperTests() => _keeper = new ReferenceKeeper(_source, _changed.Enqueue, _logs.Logger, _clock, _ending.Token);

    [Fact]
    public async Task Settled_WaitsForWhatIsAskedForLater_AndForWhatIsMadeOfIt()
    {
        Assert.False(_keeper.Find(Secret("s")).IsKnown);
        int rounds = 0;
        Task settled = _keeper.SettledAsync(() =>
        {
            // What the first says is why the second is asked for.
            rounds++;
            _keeper.Find(Secret("s-cacert"));
            return Task.CompletedTask;
        });
        _source.Answer("s", null);
        await Eventually.TrueAsync(() => _source.Asked.Contains("s-cacert"), Limit);
        Assert.Equal((false, 1), (settled.IsCompleted, rounds));
        _source.Answer("s-cacert", "roots");
        await settled.WaitAsync(Limit);
        Assert.Equal(2, rounds);
        Assert.Equal("roots", Encoding.UTF8.GetString(_keeper.Find(Secret("s-cacert")).Data!["ca.crt"]));
    }

    [Fact]
    public async Task WhatMayNotBeRead_IsSaid_UntilItMay()
    {
        _keeper.Find(Secret("s"));
        _source.Deny("s");
        await _keeper.SettledAsync(static () => Task.CompletedTask).WaitAsync(Limit);
        Assert.Contains("secretNamespaces of the chart", _keeper.Find(Secret("s")).Refusal, StringComparison.Ordinal);
        Assert.Single(_changed);
        _source.Answer("s", "roots");
        await Eventually.TrueAsync(() => _keeper.Find(Secret("s")).Data is not null, Limit);
        Assert.Null(_keeper.Find(Secret("s")).Refusal);
    }

    [Fact]
    public async Task OneNamespace_TakesItsShare_AndGetsMoreWhenThereIsRoom()
    {
        ReferenceKey[] many = [.. Enumerable.Range(0, ReferenceKeeper.Share).Select(static i => Secret("s" + i))];
        foreach (ReferenceKey each in many)
        {
            Assert.False(_keeper.Find(each).IsKnown);
        }

        Assert.Contains("is not read: more than 200 Secrets and ConfigMaps of namespace apps", _keeper.Find(Secret("late")).Refusal, StringComparison.Ordinal);
        Assert.False(_keeper.Find(Secret("s", "other")).IsKnown);
        await Eventually.TrueAsync(() => _logs.Count("more Secrets and ConfigMaps are named than are read") == 1, Limit);

        // The others go: who lost is asked to come again without a change of its own.
        ReferenceKey[] used = [.. many[..^1], Secret("late")];
        await _keeper.SweepAsync(used);
        Assert.Empty(_changed);
        await _keeper.SweepAsync(used);
        Assert.Equal([Secret("late")], _changed);
        Assert.False(_keeper.Find(Secret("late")).IsKnown);
        _source.Answer("late", null);
        await Eventually.TrueAsync(() => _keeper.Find(Secret("late")).IsKnown, Limit);
    }

    [Fact]
    public void AllNamespacesTogether_AreBounded()
    {
        for (int i = 0; i < ReferenceKeeper.MaxFollowed; i++)
        {
            Assert.Null(_keeper.Find(Secret("s", "ns" + i)).Refusal);
        }

        Assert.Contains("more than 2000 Secrets and ConfigMaps are named in the mesh", _keeper.Find(Secret("s", "last")).Refusal, StringComparison.Ordinal);
        Assert.Equal(ReferenceKeeper.MaxFollowed, _keeper.Count);
    }

    [Fact]
    public async Task WhatIsAskedForBetweenTwoLooks_Stays_AndWhatFailedCanBeLetGo()
    {
        _keeper.Find(Secret("asked"));
        _keeper.Find(Secret("broken"));
        _source.Break("broken");
        await Eventually.TrueAsync(() => _keeper.Find(Secret("broken")).Refusal is not null, Limit);
        await _keeper.SweepAsync([]);

        // The list of what is in use was made before this.
        _keeper.Find(Secret("asked"));
        await _keeper.SweepAsync([]);
        Assert.Equal(1, _keeper.Count);
        await _keeper.SweepAsync([]);
        Assert.Equal(0, _keeper.Count);
        await Eventually.TrueAsync(() => _source.Now == 0, Limit);
    }

    /// <summary>A defect of the following ended it for good, and the good values with it.</summary>
    [Fact]
    public async Task FollowingThatFails_KeepsWhatIsKnown_AndIsBegunAgain()
    {
        _keeper.Find(Secret("s"));
        _source.Answer("s", "roots");
        await Eventually.TrueAsync(() => Roots() == "roots", Limit);
        _source.Cut("s");
        await Eventually.TrueAsync(() => _logs.Count("what a rule names cannot be followed") == 1 && _clock.UntilNextTimer() is not null, Limit);
        Assert.Equal("roots", Roots());

        _source.Answer("s", "others");
        _clock.Advance(TimeSpan.FromSeconds(5));
        await Eventually.TrueAsync(() => Roots() == "others", Limit);

        // Taken away while nobody followed it.
        _source.Cut("s");
        await Eventually.TrueAsync(() => _logs.Count("what a rule names cannot be followed") == 2 && _clock.UntilNextTimer() is not null, Limit);
        _source.Answer("s", null);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => _keeper.Find(Secret("s")).Data is null, Limit);
        Assert.Equal((true, null), (_keeper.Find(Secret("s")).IsKnown, _keeper.Find(Secret("s")).Refusal));

        string? Roots() => _keeper.Find(Secret("s")).Data is { } data ? Encoding.UTF8.GetString(data["ca.crt"]) : null;
    }

    [Theory]
    [InlineData("a,b=c")]
    [InlineData("A")]
    [InlineData("a_b")]
    [InlineData("-a")]
    [InlineData("a.")]
    [InlineData("a b")]
    public async Task NameThatNoObjectCanHave_IsNeverAskedFor(string name)
    {
        Assert.Equal("is no name that an object can have", _keeper.Find(Secret(name)).Refusal);
        await _keeper.SweepAsync([Secret(name)]);
        Assert.Empty(_source.Asked);
        Assert.Empty(_changed);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Eventually.TrueAsync(() => _source.Now == 0, Limit);
        _ending.Dispose();
        _logs.Dispose();
    }

    private static ReferenceKey Secret(string name, string space = "apps") => new(IsSecret: true, new ResourceKey(space, name));
}

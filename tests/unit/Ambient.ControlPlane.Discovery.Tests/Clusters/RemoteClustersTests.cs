using Ambient.Kubernetes.Resources;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>Clusters that Secrets name: joined, exchanged, removed; a broken one harms nobody.</summary>
public sealed class RemoteClustersTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    private readonly RemoteMesh _mesh = new();

    public Task InitializeAsync() => Task.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync() => await _mesh.DisposeAsync();

    [Fact]
    [Trait("behaviour", "CP-279")]
    public async Task Cluster_IsJoinedExchangedAndRemoved()
    {
        _mesh.Means("one", "p1");
        FakeSource second = _mesh.Means("two", "p2", answers: false);
        _mesh.Start(Long);
        _mesh.Secret("s", ("far", "one"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p1"));
        await _mesh.Clusters.Ready.WaitAsync(Long);
        Assert.Equal("far=synced", _mesh.States);

        // The same bytes change nothing.
        _mesh.Secret("s", ("far", "one"));
        Assert.Equal(["join one"], _mesh.Notes);

        // Others: the old one stays until the new one knows all.
        _mesh.Secret("s", ("far", "two"));
        Assert.Equal("far=synced", _mesh.States);
        Assert.Contains("far//Pod/ns1/p1", _mesh.Names);
        second.Answering.SetResult();
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p2"));
        Assert.DoesNotContain("far//Pod/ns1/p1", _mesh.Names);
        await Eventually.TrueAsync(() => _mesh.Notes.Contains("end one"));

        _mesh.NoSecret("s");
        Assert.DoesNotContain(_mesh.Names, static name => name.StartsWith("far", StringComparison.Ordinal));
        Assert.Equal("", _mesh.States);
        await Eventually.TrueAsync(() => _mesh.Notes.Contains("end two"));
        Assert.Equal(["join one", "join two", "leave one"], _mesh.Notes.Where(static note => !note.StartsWith("end", StringComparison.Ordinal)).Take(3));
        Assert.Contains("leave two", _mesh.Notes);
    }

    [Fact]
    public async Task ClusterWithoutANetworkOfItsOwn_IsNamed_AndGoesOn()
    {
        FakeSource far = _mesh.Means("one", "p1");
        _mesh.Means("two", "p2", network: "n2");
        _mesh.Start(Long);
        _mesh.Secret("s", ("far", "one"), ("named", "two"));
        await Eventually.TrueAsync(() => _mesh.Clusters.Statuses.All(static one => one.State == "synced") && !_mesh.Unlabelled.IsEmpty);
        await far.ChangeAsync(KnownResources.Pods, new ResourceKey("ns1", "p1"), null);
        await Eventually.TrueAsync(() => !_mesh.Names.Contains("far//Pod/ns1/p1"));
        Assert.Equal(["far"], _mesh.Unlabelled);
        Assert.Equal([("far", true), ("named", false)], _mesh.Clusters.Statuses.Select(static one => (one.Id, one.Warning is not null)));
        await far.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "istio-system"), Cluster.Meta("istio-system", "", ClusterSet.Network("n1"), "{}"));
        await Eventually.TrueAsync(() => _mesh.Clusters.Statuses.All(static one => one.Warning is null));
    }

    [Fact]
    public async Task BrokenKubeconfig_IsNamed_AndTheLastGoodOneGoesOn()
    {
        _mesh.Means("one", "p1");
        _mesh.Means("other", "q");
        _mesh.Start(Long);
        _mesh.Secret("s", ("far", "one"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p1"));
        _mesh.Secret("s", ("far", "broken"), ("new", "broken"), ("other", "other"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("other//Pod/ns1/q"));
        Assert.Equal("far=synced(users[u].exec: programs are not started) new=refused(users[u].exec: programs are not started) other=synced", _mesh.States);
        Assert.Contains("refused istio-system/s far: users[u].exec: programs are not started", _mesh.Notes);
        Assert.Contains("far//Pod/ns1/p1", _mesh.Names);

        // What is right again takes effect.
        _mesh.Means("two", "p2");
        _mesh.Secret("s", ("far", "two"), ("other", "other"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p2"));
        Assert.Equal("far=synced other=synced", _mesh.States);
    }

    [Fact]
    public async Task OwnName_AndNamesOfOtherSecrets_AreLeftAlone()
    {
        _mesh.Means("one", "p1");
        _mesh.Means("two", "p2");
        _mesh.Start(Long);
        _mesh.Secret("a", ("far", "one"), ("cluster0", "one"), ("no/name", "one"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p1"));
        _mesh.Secret("b", ("far", "two"));
        Assert.Contains("refused istio-system/b far: the cluster is already named by the Secret istio-system/a", _mesh.Notes);
        Assert.Contains(_mesh.Notes, static note => note.StartsWith("refused istio-system/a no/name: is no cluster's name", StringComparison.Ordinal));
        Assert.Equal("far=synced", _mesh.States);

        // Who was in the way is gone: the other speaks for the cluster.
        _mesh.NoSecret("a");
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p2"));
        Assert.DoesNotContain("far//Pod/ns1/p1", _mesh.Names);
    }

    [Fact]
    public async Task Beginning_WaitsForClusters_ButNotForEver()
    {
        FakeSource away = _mesh.Means("away", "p1", answers: false);
        _mesh.Secret("s", ("far", "away"));
        _mesh.Start(TimeSpan.FromMilliseconds(50));
        await _mesh.Clusters.Ready.WaitAsync(Long);
        Assert.Equal("far=timeout", _mesh.States);
        Assert.Contains("late far", _mesh.Notes);
        Assert.Empty(_mesh.Names);

        // It joins when it is there.
        away.Answering.SetResult();
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p1"));
        Assert.Equal("far=synced", _mesh.States);
    }

    [Fact]
    public async Task Beginning_IsOverOnceAllAreKnown()
    {
        FakeSource away = _mesh.Means("away", "p1", answers: false);
        _mesh.Means("near", "p2");
        _mesh.Secret("s", ("far", "away"), ("near", "near"), ("bad", "broken"));
        _mesh.Start(Long);
        await Eventually.TrueAsync(() => _mesh.Names.Contains("near//Pod/ns1/p2"));
        Assert.False(_mesh.Clusters.Ready.IsCompleted);
        away.Answering.SetResult();
        await _mesh.Clusters.Ready.WaitAsync(Long);
        Assert.Contains("far//Pod/ns1/p1", _mesh.Names);
    }

    [Fact]
    public async Task ChangesOfBothSides_Arrive()
    {
        FakeSource far = _mesh.Means("one", "p1");
        _mesh.Start(Long);
        _mesh.Secret("s", ("far", "one"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p1"));
        await far.ChangeAsync(KnownResources.Pods, new ResourceKey("ns1", "p1"), null);
        await Eventually.TrueAsync(() => !_mesh.Names.Contains("far//Pod/ns1/p1"));

        // The own network has a name now: what is elsewhere, is behind its gateway, of which there is none.
        await far.ChangeAsync(KnownResources.Pods, new ResourceKey("ns1", "p2"), Cluster.Meta("p2", "ns1", "{}", "{}", """ "spec":{},"status":{"podIP":"10.5.0.2"} """));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p2"));
        await _mesh.Own.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "istio-system"), Cluster.Meta("istio-system", "", ClusterSet.Network("n1"), "{}"));
        await Eventually.TrueAsync(() => !_mesh.Names.Contains("far//Pod/ns1/p2"));
        await far.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "istio-system"), Cluster.Meta("istio-system", "", ClusterSet.Network("n1"), "{}"));
        await Eventually.TrueAsync(() => _mesh.Names.Contains("far//Pod/ns1/p2"));
    }

    /// <summary>In any order and at any pace: what is named at the end is what is there.</summary>
    [Fact]
    public async Task AnySequence_EndsAsTheSecretsSay()
    {
        const int Seed = 99;
        var random = new Random(Seed);
        for (int i = 0; i < 4; i++)
        {
            _mesh.Means("k" + i, "p" + i);
        }

        _mesh.Start(Long);
        var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int step = 0; step < 200; step++)
        {
            string cluster = "c" + random.Next(3);
            if (random.Next(3) == 0)
            {
                wanted.Remove(cluster);
                _mesh.NoSecret(cluster);
            }
            else
            {
                wanted[cluster] = "k" + random.Next(4);
                _mesh.Secret(cluster, (cluster, wanted[cluster]));
            }

            if (random.Next(10) == 0)
            {
                await Task.Yield();
            }
        }

        string expected = string.Join(' ', wanted.Select(static item => $"{item.Key}//Pod/ns1/p{item.Value[1..]}").Order(StringComparer.Ordinal));
        await Eventually.TrueAsync(() => string.Join(' ', _mesh.Names.Order(StringComparer.Ordinal)) == expected);
        Assert.Equal(wanted.Count, _mesh.Clusters.Statuses.Count(static one => one.State == "synced"));
    }
}

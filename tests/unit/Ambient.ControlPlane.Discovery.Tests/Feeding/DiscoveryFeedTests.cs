using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Tests.Clusters;
using Ambient.Kubernetes.Resources;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Feeding;

public sealed class DiscoveryFeedTests
{
    /// <summary>A feed that stood still without a word would serve an old mesh for ever.</summary>
    [Fact]
    public async Task APartThatFails_EndsTheFeed_ThoughAllWatchesGoOn()
    {
        using var feed = new DiscoveryFeed(
            new FakeSource(),
            new MeshIndex(Cluster.Settings),
            new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]),
            new FeedObserver(),
            new FailingPart());
        InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(() => feed.RunAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("a defect", failure.Message);
    }

    [Fact]
    public async Task Stored_IsWhatWasDue_AndNothingBeforeAllIsKnown()
    {
        FakeSource source = new FakeSource(answers: false).With(KnownResources.Pods, Cluster.Meta("p", "ns1", "{}", "{}", """ "spec":{},"status":{"phase":"Running","podIP":"10.5.0.1"} """));
        var store = new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]);
        using var feed = new DiscoveryFeed(source, new MeshIndex(Cluster.Settings), store, new FeedObserver());
        using var end = new CancellationTokenSource();
        Task running = feed.RunAsync(end.Token);
        Task stored = feed.StoredAsync();
        Assert.Same(stored, feed.StoredAsync());
        Assert.False(stored.IsCompleted);
        source.Answering.SetResult();
        await stored.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("cluster0//Pod/ns1/p", store.Versions(MeshIndex.AddressType).Keys);

        // Also when nothing is due any more.
        await feed.StoredAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Cancelled_TheFeedEnds()
    {
        using var feed = new DiscoveryFeed(new FakeSource(), new MeshIndex(Cluster.Settings), new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]), new FeedObserver());
        using var end = new CancellationTokenSource();
        Task running = feed.RunAsync(end.Token);
        await feed.Synced;
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));
    }
}

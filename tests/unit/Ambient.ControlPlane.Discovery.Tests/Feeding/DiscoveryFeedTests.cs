using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Tests.Clusters;
using Ambient.Kubernetes.Resources;
using Ambient.Testing.Clocks;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Feeding;

public sealed class DiscoveryFeedTests
{
    /// <summary>A feed that stood still without a word would serve an old mesh for ever.</summary>
    [Fact]
    public async Task APartThatFails_EndsTheFeed_ThoughAllWatchesGoOn()
    {
        var feed = new DiscoveryFeed(
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
        var feed = new DiscoveryFeed(source, new MeshIndex(Cluster.Settings), store, new FeedObserver());
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
    public async Task KindsWithoutEffect_AreToldOf_AndNothingWaitsForThem()
    {
        FakeSource silent = new() { Silent = KnownResources.EnvoyFilters };
        await Run(silent, new ReportingPart(), static feed => feed.Synced);
        FakeSource source = new FakeSource().With(KnownResources.EnvoyFilters, Cluster.Meta("f", "ns1", "{}", "{}", """ "spec":{} """));
        var part = new ReportingPart();
        await Run(source, part, _ => part.Told.Task);
        Assert.Equal("ns1/f", (await part.Told.Task).ToString());

        static async Task Run(FakeSource source, ReportingPart part, Func<DiscoveryFeed, Task> until)
        {
            var feed = new DiscoveryFeed(source, new MeshIndex(Cluster.Settings), new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]), new FeedObserver(), part);
            using var end = new CancellationTokenSource();
            Task running = feed.RunAsync(end.Token);
            await until(feed).WaitAsync(TimeSpan.FromSeconds(30));
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));
        }
    }

    [Fact]
    public async Task Cancelled_TheFeedEnds()
    {
        var feed = new DiscoveryFeed(new FakeSource(), new MeshIndex(Cluster.Settings), new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]), new FeedObserver());
        using var end = new CancellationTokenSource();
        Task running = feed.RunAsync(end.Token);
        await feed.Synced;
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>A waypoint that nobody names any more serves on for a moment, and it is the clock that ends that.</summary>
    [Fact]
    public async Task WhatIsDueByTheClock_IsStoredWhenNothingChanges()
    {
        ManualTime time = new();
        TellingPart part = new();
        const string Waypoint = """ "spec":{"gatewayClassName":"istio-waypoint"},"status":{"addresses":[{"type":"IPAddress","value":"10.9.9.9"}]} """;
        ResourceKey service = new("ns1", "s");
        FakeSource source = new FakeSource().With(KnownResources.Gateways, Cluster.Meta("wp", "ns1", "{}", "{}", Waypoint)).With(KnownResources.Services, Bound("wp"));
        var feed = new DiscoveryFeed(source, new MeshIndex(Cluster.Settings, clock: time), new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]), new FeedObserver(), part);
        using var end = new CancellationTokenSource();
        Task running = feed.RunAsync(end.Token);
        await feed.Synced.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(time.UntilNextTimer());

        await source.ChangeAsync(KnownResources.Services, service, Bound("none"));
        await feed.StoredAsync().WaitAsync(TimeSpan.FromSeconds(30));
        TimeSpan? due = time.UntilNextTimer();
        Assert.Equal(TimeSpan.FromSeconds(10), due);
        await feed.StoredAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Task taken = part.NextTake();
        time.Advance(due!.Value);
        await taken.WaitAsync(TimeSpan.FromSeconds(30));
        await feed.StoredAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(time.UntilNextTimer());
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private static string Bound(string waypoint) => Cluster.Meta("s", "ns1", $$"""{"istio.io/use-waypoint":"{{waypoint}}"}""", "{}", "\"spec\":{}");

    /// <summary>A part that tells when it is asked.</summary>
    private sealed class TellingPart : IFeedPart
    {
        private volatile TaskCompletionSource _next = new();

        public IReadOnlyList<ResourceType<RoutingResource>> Kinds => [];

        public ResourceKey? ConfigMap => null;

        public Task NextTake() => (_next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public void Set(ResourceType type, ResourceKey key, Resource? now)
        {
        }

        public IReadOnlyList<ResourceChange> Take()
        {
            _next.TrySetResult();
            return [];
        }

        public IReadOnlyList<ObjectConditions> TakeConditions() => [];
    }
}

using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;

namespace Ambient.Kubernetes.Tests.Watching;

public sealed class ResourceCacheTests
{
    [Fact]
    public async Task Cache_KeepsTheLastThatCouldBeRead_AndSweepsWhatAListLeavesOut()
    {
        var source = new FakeSource();
        var cache = new ResourceCache<Pod>(source, KnownResources.Pods);
        List<string> told = [];
        await cache.RunAsync(c =>
        {
            told.Add($"{c.Kind} {c.Key.Name} {c.Old?.Metadata.ResourceVersion}>{c.New?.Metadata.ResourceVersion}");
            return ValueTask.CompletedTask;
        }, CancellationToken.None);
        var problem = new ReadProblem("spec", "is not an object");

        Assert.False(cache.IsSynced);
        await source.TellAsync(ResourceEvent<Pod>.ListBegins(), Pod("a", 1), Pod("b", 2), Pod("c", 3));
        Assert.False(cache.IsSynced);
        await source.TellAsync(ResourceEvent<Pod>.ListEnds());
        Assert.True(cache.IsSynced);
        Assert.False(cache.IsAbsent);
        await source.TellAsync(ResourceEvent<Pod>.Refused(new("ns", "a"), problem), Pod("b", 5), ResourceEvent<Pod>.Deleted(new("ns", "unknown")));
        Assert.Equal("1", cache.Find(new("ns", "a"))!.Metadata.ResourceVersion);
        Assert.Equal((problem, null), (cache.ProblemOf(new("ns", "a")), cache.ProblemOf(new("ns", "b"))));

        // A list that fails on the way takes nothing; the one that ends does.
        await source.TellAsync(ResourceEvent<Pod>.ListBegins(), Pod("b", 5));
        Assert.Equal(3, cache.Count);
        await source.TellAsync(ResourceEvent<Pod>.ListBegins(), Pod("b", 5), ResourceEvent<Pod>.Refused(new("ns", "a"), problem), ResourceEvent<Pod>.ListEnds());
        Assert.Equal(["a", "b"], cache.All.Select(p => p.Metadata.Name).Order());
        await source.TellAsync(ResourceEvent<Pod>.ListBegins(), ResourceEvent<Pod>.ListEnds(isAbsent: true));
        Assert.True(cache.IsAbsent);
        Assert.Equal(0, cache.Count);
        Assert.Equal((null, null), (cache.ProblemOf(new("ns", "a")), cache.ProblemOf(new("ns", "b"))));

        Assert.Equal(
            [
                "Added a >1", "Added b >2", "Added c >3", "Synced  >", "Refused a 1>1", "Updated b 2>5",
                "Refused a 1>1", "Deleted c 3>", "Synced  >", "Deleted a 1>", "Deleted b 5>", "Synced  >",
            ],
            told.Take(9).Concat(told.Skip(9).Take(2).Order()).Concat(told.Skip(11)));
    }

    [Fact]
    public async Task ObjectThatCouldNeverBeRead_IsToldToBeGone()
    {
        var source = new FakeSource();
        var cache = new ResourceCache<Pod>(source, KnownResources.Pods);
        List<string> told = [];
        await cache.RunAsync(c =>
        {
            told.Add($"{c.Kind} {c.Key.Name}");
            return ValueTask.CompletedTask;
        }, CancellationToken.None);
        var problem = new ReadProblem("spec", "is not an object");

        await source.TellAsync(ResourceEvent<Pod>.ListBegins(), ResourceEvent<Pod>.Refused(new("ns", "a"), problem), ResourceEvent<Pod>.Refused(new("ns", "b"), problem), ResourceEvent<Pod>.ListEnds());
        await source.TellAsync(ResourceEvent<Pod>.Deleted(new("ns", "a")));
        await source.TellAsync(ResourceEvent<Pod>.ListBegins(), ResourceEvent<Pod>.ListEnds());

        Assert.Equal(["Refused a", "Refused b", "Synced ", "Deleted a", "Deleted b", "Synced "], told);
        Assert.Equal((null, null), (cache.ProblemOf(new("ns", "a")), cache.ProblemOf(new("ns", "b"))));
    }

    [Fact]
    public async Task Cache_TrimsWhatNobodyNeeds()
    {
        var source = new FakeSource();
        var cache = new ResourceCache<Pod>(source, KnownResources.Pods, trim: p => p with { Spec = new PodSpec { NodeName = p.Spec.NodeName } });
        await cache.RunAsync(null, CancellationToken.None);
        await source.TellAsync(ResourceEvent<Pod>.Changed(new Pod { Metadata = new ObjectMeta { Name = "a" }, Spec = new PodSpec { NodeName = "n", Hostname = "h" } }));
        Assert.Equal(("n", null), (cache.Find(new("", "a"))!.Spec.NodeName, cache.Find(new("", "a"))!.Spec.Hostname));
    }

    private static ResourceEvent<Pod> Pod(string name, int version) =>
        ResourceEvent<Pod>.Changed(new Pod { Metadata = new ObjectMeta { Namespace = "ns", Name = name, ResourceVersion = $"{version}" } });

    private sealed class FakeSource : IResourceSource
    {
        private Func<ResourceEvent<Pod>, ValueTask>? _tell;

        public Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
            where T : Resource
        {
            _tell = (Func<ResourceEvent<Pod>, ValueTask>)(object)tell;
            return Task.CompletedTask;
        }

        public async Task TellAsync(params ResourceEvent<Pod>[] events)
        {
            foreach (ResourceEvent<Pod> e in events)
            {
                await _tell!(e);
            }
        }
    }
}

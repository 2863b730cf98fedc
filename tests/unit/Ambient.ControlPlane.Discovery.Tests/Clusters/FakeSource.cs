using System.Collections.Concurrent;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>An API that tells a fixed list and then what a test changes. Thread-safe.</summary>
internal sealed class FakeSource : IResourceSource
{
    private readonly ConcurrentDictionary<string, Func<Resource?, ResourceKey, Task>> _tellers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<ResourceKey, ReadProblem, Task>> _refusers = new(StringComparer.Ordinal);
    private readonly List<(ResourceType Type, Resource Resource)> _objects = [];

    /// <summary>Completes when the API answers; it does at once unless a test says otherwise.</summary>
    public TaskCompletionSource Answering { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A kind about which it never says anything, as when its right is missing; null: there is none.</summary>
    public ResourceType? Silent { get; init; }

    public FakeSource(bool answers = true)
    {
        if (answers)
        {
            Answering.SetResult();
        }
    }

    /// <summary>There from the beginning.</summary>
    public FakeSource With<T>(ResourceType<T> type, string json)
        where T : Resource
    {
        _objects.Add((type, Cluster.Read(type, json)));
        return this;
    }

    public Task ChangeAsync<T>(ResourceType<T> type, ResourceKey key, string? json)
        where T : Resource => _tellers[type.FullName](json is null ? null : Cluster.Read(type, json), key);

    /// <summary>The object is such that it cannot be read.</summary>
    public Task RefuseAsync<T>(ResourceType<T> type, ResourceKey key, string json)
        where T : Resource
    {
        Assert.False(type.TryRead(System.Text.Encoding.UTF8.GetBytes(json), out _, out ReadProblem? problem));
        return _refusers[type.FullName](key, problem!);
    }

    public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
        where T : Resource
    {
        await Answering.Task.WaitAsync(cancellation);
        if (type == Silent)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        }

        await tell(ResourceEvent<T>.ListBegins());
        foreach (Resource one in _objects.Where(item => item.Type == type).Select(static item => item.Resource))
        {
            await tell(ResourceEvent<T>.Changed((T)one));
        }

        _tellers[type.FullName] = (now, key) => tell(now is null ? ResourceEvent<T>.Deleted(key) : ResourceEvent<T>.Changed((T)now)).AsTask();
        _refusers[type.FullName] = (key, problem) => tell(ResourceEvent<T>.Refused(key, problem)).AsTask();
        await tell(ResourceEvent<T>.ListEnds());
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
    }
}

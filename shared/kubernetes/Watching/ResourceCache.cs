using System.Collections.Concurrent;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Watching;

/// <summary>
/// All objects of a kind as the source last told them, and the differences. One writer (<see cref="RunAsync"/>); reading is thread-safe. Its memory is
/// the objects themselves: changes are handed on one by one and not stored, so who is slow slows the source down.
/// </summary>
public sealed class ResourceCache<T>
    where T : Resource
{
    private readonly IResourceSource _source;
    private readonly ResourceScope _scope;
    private readonly Func<T, T>? _trim;
    private readonly ConcurrentDictionary<ResourceKey, Entry> _entries = new();
    private readonly ConcurrentDictionary<ResourceKey, Refusal> _refused = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<ResourceChange<T>, ValueTask>? _tell;
    private Action<string>? _denied;
    private int _round;
    private volatile bool _isAbsent;

    /// <summary>An empty cache; <paramref name="trim"/> may drop what nobody needs before an object is kept.</summary>
    public ResourceCache(IResourceSource source, ResourceType<T> type, ResourceScope? scope = null, Func<T, T>? trim = null) => (_source, Type, _scope, _trim) = (source, type, scope ?? ResourceScope.All, trim);

    /// <summary>The kind.</summary>
    public ResourceType<T> Type { get; }

    /// <summary>Completes when everything that exists has been told and handed on, once.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Whether it is.</summary>
    public bool IsSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>Whether the source has no such kind.</summary>
    public bool IsAbsent => _isAbsent;

    /// <summary>How many objects there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Whether there is an object whose newest form cannot be read.</summary>
    public bool HasRefused => !_refused.IsEmpty;

    /// <summary>Why an object's newest form cannot be read; null: it can, or there is none.</summary>
    public ReadProblem? ProblemOf(ResourceKey key) => _refused.TryGetValue(key, out Refusal? refusal) ? refusal.Problem : null;

    /// <summary>All objects; each as of some moment during the walk.</summary>
    public IEnumerable<T> All => _entries.Select(static e => e.Value.Resource);

    /// <summary>The object; null when there is none.</summary>
    public T? Find(ResourceKey key) => _entries.TryGetValue(key, out Entry? entry) ? entry.Resource : null;

    /// <summary>
    /// Follows the source until cancelled. <paramref name="tell"/> hears every change after the cache has it, in order, never two at a time. May be called once.
    /// <paramref name="denied"/> hears each time that the source was not allowed to look.
    /// </summary>
    public Task RunAsync(Func<ResourceChange<T>, ValueTask>? tell, CancellationToken cancellation, Action<string>? denied = null)
    {
        (_tell, _denied) = (tell, denied);
        return _source.RunAsync(Type, _scope, OnEventAsync, cancellation);
    }

    private ValueTask OnEventAsync(ResourceEvent<T> heard)
    {
        switch (heard.Kind)
        {
            case ResourceEventKind.ListBegins:
                _round++;
                return ValueTask.CompletedTask;
            case ResourceEventKind.Changed:
                return PutAsync(heard.Resource!);
            case ResourceEventKind.Deleted:
                return RemoveAsync(heard.Key);
            case ResourceEventKind.Refused:
                return RefuseAsync(heard.Key, heard.Problem!);
            case ResourceEventKind.Denied:
                _denied?.Invoke(heard.Denial!);
                return ValueTask.CompletedTask;
            default:
                return EndListAsync(heard.IsAbsent);
        }
    }

    private ValueTask PutAsync(T resource)
    {
        ResourceKey key = resource.Key;
        _refused.TryRemove(key, out _);
        Entry? old = _entries.GetValueOrDefault(key);
        if (old is not null && old.Resource.Metadata.ResourceVersion is { Length: > 0 } version && version == resource.Metadata.ResourceVersion)
        {
            // A list tells again what is known already.
            old.Round = _round;
            return ValueTask.CompletedTask;
        }

        T kept = _trim is null ? resource : _trim(resource);
        _entries[key] = new Entry(kept) { Round = _round };
        return TellAsync(new(old is null ? ResourceChangeKind.Added : ResourceChangeKind.Updated, key, old?.Resource, kept));
    }

    private ValueTask RemoveAsync(ResourceKey key)
    {
        // Also one that could never be read was told of.
        bool wasRefused = _refused.TryRemove(key, out _);
        return _entries.TryRemove(key, out Entry? old) || wasRefused ? TellAsync(new(ResourceChangeKind.Deleted, key, old?.Resource)) : ValueTask.CompletedTask;
    }

    private ValueTask RefuseAsync(ResourceKey key, ReadProblem problem)
    {
        _refused[key] = new Refusal(problem, _round);
        Entry? last = _entries.GetValueOrDefault(key);
        if (last is not null)
        {
            last.Round = _round;
        }

        return TellAsync(new(ResourceChangeKind.Refused, key, last?.Resource, last?.Resource, problem));
    }

    private async ValueTask EndListAsync(bool isAbsent)
    {
        foreach ((ResourceKey key, Entry entry) in _entries)
        {
            if (entry.Round != _round)
            {
                await RemoveAsync(key);
            }
        }

        foreach ((ResourceKey key, Refusal refusal) in _refused)
        {
            if (refusal.Round != _round)
            {
                await RemoveAsync(key);
            }
        }

        _isAbsent = isAbsent;
        await TellAsync(new(ResourceChangeKind.Synced, default));
        _synced.TrySetResult();
    }

    private ValueTask TellAsync(ResourceChange<T> change) => _tell?.Invoke(change) ?? ValueTask.CompletedTask;

    private sealed record Refusal(ReadProblem Problem, int Round);

    private sealed class Entry(T resource)
    {
        public T Resource => resource;

        public int Round { get; set; }
    }
}

using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Selection;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;
using ResourceChange = Ambient.Xds.Server.Resources.ResourceChange;
using ResourceStore = Ambient.Xds.Server.Resources.ResourceStore;
using Signal = Ambient.Xds.Server.Serving.Signal;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>Follows a source of objects and keeps a store equal to what the index makes of them. Thread-safe.</summary>
public sealed class DiscoveryFeed
{
    private readonly IResourceSource _source;
    private readonly MeshIndex _index;
    private readonly IMeshSink _sink;
    private readonly FeedObserver _observer;
    private readonly IFeedPart? _part;
    private readonly bool _isRemote;
    private readonly NamespaceSelection _selection;
    private readonly List<IFollowedKind> _kinds = [];
    private readonly List<DiscoveryFeed> _attached = [];
    private readonly Lock _gate = new();
    private readonly Signal _due = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, bool> _missing = new(StringComparer.Ordinal);
    private TaskCompletionSource? _stored;

    /// <summary>The only cluster of a mesh.</summary>
    public DiscoveryFeed(IResourceSource source, MeshIndex index, ResourceStore store, FeedObserver observer, IFeedPart? part = null)
        : this(source, index, new StoreSink(store), observer, part, isRemote: false)
    {
    }

    private DiscoveryFeed(IResourceSource source, MeshIndex index, IMeshSink sink, FeedObserver observer, IFeedPart? part, bool isRemote) =>
        (_source, _index, _sink, _observer, _part, _isRemote, _selection) = (source, index, sink, observer, part, isRemote, new NamespaceSelection(index.Settings));

    /// <summary>The control plane's own cluster, of several.</summary>
    public static DiscoveryFeed Own(IResourceSource source, MeshIndex index, ClusterMerge merge, FeedObserver observer, IFeedPart? part) => new(source, index, new OwnSink(merge), observer, part, isRemote: false);

    /// <summary>Another cluster: its policies do not count, what is attached to the own cluster's feed decides.</summary>
    internal static DiscoveryFeed Remote(IResourceSource source, MeshIndex index, RemoteSink sink, FeedObserver observer) => new(source, index, sink, observer, null, isRemote: true);

    /// <summary>Completes when everything that exists is in the store.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Whether it is.</summary>
    public bool IsSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>The kinds that are not known yet, by name.</summary>
    public IReadOnlyList<string> Missing => [.. _missing.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Whether <c>discoverySelectors</c> of MeshConfig select a namespace: nothing of others is seen but their pods, for certificates.</summary>
    public bool IsSelected(string @namespace) => _selection.Contains(@namespace);

    /// <summary>Works until it is cancelled, or until a part of it fails: then it fails as a whole.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] following =
        [
            Follow(KnownResources.Namespaces, (key, now) => SetNamespace(key.Name, now), ending.Token),
            Follow(KnownResources.Nodes, (key, now) => _index.SetNode(key.Name, now), ending.Token),
            Follow(KnownResources.GatewayClasses, (key, now) => _index.SetGatewayClass(key.Name, now), ending.Token),
            Follow(KnownResources.Gateways, _index.SetGateway, ending.Token),
            Follow(KnownResources.Services, _index.SetService, ending.Token),
            Follow(KnownResources.ServiceEntries, _index.SetServiceEntry, ending.Token),
            Follow(KnownResources.EndpointSlices, _index.SetEndpointSlice, ending.Token),
            Follow(KnownResources.WorkloadEntries, _index.SetWorkloadEntry, ending.Token),
            Follow(KnownResources.Pods, _index.SetPod, ending.Token),
        ];
        following = _isRemote ? following :
        [
            .. following,
            Follow(KnownResources.AuthorizationPolicies, (key, now) => Share(index => index.SetAuthorizationPolicy(key, now)), ending.Token),
            Follow(KnownResources.PeerAuthentications, (key, now) => Share(index => index.SetPeerAuthentication(key, now)), ending.Token),
        ];
        Task[] further =
        [
            .. (_part?.Kinds ?? []).Select(kind => Follow(kind, (key, now) => SetFurther(kind, key, now), ending.Token)),
            .. (_part?.Reported ?? []).Select(kind => Follow(kind, static (_, _) => { }, ending.Token, isAwaited: false)),
        ];
        if (_part?.ConfigMap is { } map)
        {
            var one = new ResourceScope(map.Namespace, Fields: "metadata.name=" + map.Name);
            further = [.. further, Follow(KnownResources.ConfigMaps, (_, now) => SetMeshConfig(now?.Data.Find("mesh")), ending.Token, one)];
        }

        // The others would go on for ever after one has failed, and nobody would hear of it.
        List<Task> running = [.. following, .. further, StoreAsync(ending.Token)];
        while (running.Count > 0)
        {
            Task ended = await Task.WhenAny(running);
            running.Remove(ended);
            if (!ended.IsCompletedSuccessfully)
            {
                await ending.CancelAsync();
                await Task.WhenAll(running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                await ended;
            }
        }
    }

    private void SetFurther(ResourceType<RoutingResource> kind, ResourceKey key, RoutingResource? now)
    {
        if (ReferenceEquals(kind, KnownResources.RequestAuthentications))
        {
            Share(index => index.SetRequestAuthentication(key, now));
        }
    }

    /// <summary>Changes something of the part while nobody else does, then computes what is due.</summary>
    public void Update(Action change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            change();
        }

        _due.Set();
    }

    /// <summary>Completes when what is due now is in the store; before everything is known, nothing is.</summary>
    public Task StoredAsync()
    {
        Task stored;
        lock (_gate)
        {
            _stored ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            stored = _stored.Task;
        }

        _due.Set();
        return stored;
    }

    /// <summary>Another cluster obeys this one's policies and settings from now on.</summary>
    internal void Attach(DiscoveryFeed other)
    {
        lock (_gate)
        {
            other.Update(() =>
            {
                _index.ShareWith(other._index);
                other.Select(_selection.Read);
            });
            _attached.Add(other);
        }
    }

    /// <summary>Another cluster is gone.</summary>
    internal void Detach(DiscoveryFeed other)
    {
        lock (_gate)
        {
            _attached.Remove(other);
        }
    }

    /// <summary>Everything is computed anew.</summary>
    internal void Refresh() => Update(_index.MarkEverything);

    /// <summary>The gateways that another cluster tells of.</summary>
    internal void SetForeignGateways(string cluster, IReadOnlyList<NetworkGateway> gateways) => Update(() => _index.SetForeignGateways(cluster, gateways));

    /// <summary>What this cluster decides for all. Locks are taken from the own cluster to the others, never the other way.</summary>
    private void Share(Action<MeshIndex> change)
    {
        change(_index);
        _attached.ForEach(other => other.Update(() => change(other._index)));
    }

    private void SetMeshConfig(string? yaml)
    {
        string?[] problems = [_index.SetMeshConfig(yaml), _index.SetVisibility(yaml), Select(yaml)];
        foreach (string problem in problems.OfType<string>().Distinct(StringComparer.Ordinal))
        {
            _observer.OnMeshConfigRefused(problem);
        }

        // What cannot be read changes nothing there either.
        _attached.ForEach(other => other.Update(() => _ = (other._index.SetMeshConfig(yaml), other._index.SetVisibility(yaml), other.Select(yaml))));
    }

    /// <summary>A namespace as it is now; its objects follow when that makes a difference.</summary>
    private void SetNamespace(string name, Namespace? now)
    {
        _index.SetNamespace(name, now);
        if (_selection.Set(name, now?.Metadata.Labels))
        {
            _kinds.ForEach(kind => kind.Reselect(name));
            if (IsSynced && now is not null)
            {
                _observer.OnSelection(name, _selection.Contains(name));
            }
        }

        _index.SetUnseen(name, now is not null && !_selection.Contains(name));
    }

    /// <summary>Which namespaces count, by MeshConfig; what is wrong with it, or null.</summary>
    private string? Select(string? meshConfig)
    {
        string? problem = _selection.Obey(meshConfig, out Func<string, bool>? isOther);
        if (isOther is not null)
        {
            _kinds.ForEach(kind => kind.Reselect(isOther));
            foreach (string name in _selection.Known.Where(isOther))
            {
                _index.SetUnseen(name, !_selection.Contains(name));
                if (IsSynced)
                {
                    _observer.OnSelection(name, _selection.Contains(name));
                }
            }
        }

        return problem;
    }

    private Task Follow<T>(ResourceType<T> type, Action<ResourceKey, T?> set, CancellationToken cancellation, ResourceScope? scope = null, bool isAwaited = true)
        where T : Resource
    {
        if (isAwaited)
        {
            _missing[type.FullName] = true;
        }

        // The index keeps what it needs of the objects; a cache of its own tells what a new list no longer has.
        var kind = new FollowedKind<T>(
            new ResourceCache<T>(_source, type, scope),
            _selection,
            _gate,
            (key, now) =>
            {
                set(key, now);
                _part?.Set(type, key, now);
                if (!ReferenceEquals(type, KnownResources.Pods) && scope is null)
                {
                    _observer.OnObject(type, key, now);
                }
            },
            (key, isKnown, problem) => _observer.OnRefused(type, key, problem, Refuse(type, key, isKnown, problem)));
        lock (_gate)
        {
            _kinds.Add(kind);
        }

        return kind.RunAsync(
            change =>
            {
                if (change is ResourceChange<Pod> pod && pod.Kind is not (ResourceChangeKind.Refused or ResourceChangeKind.Synced))
                {
                    // Of every namespace (control-plane reference 6.3), and before the index, which may be at work: the pod's certificate is asked for already.
                    _observer.OnPod(pod.Key, pod.New);
                }
            },
            change =>
            {
                if (change.Kind is ResourceChangeKind.Synced)
                {
                    _missing.TryRemove(type.FullName, out _);
                }

                _due.Set();
            },
            cancellation);
    }

    /// <summary>The last good version stays. Without one, what stands for the object takes effect.</summary>
    private RefusalOutcome Refuse(ResourceType type, ResourceKey key, bool isKnown, ReadProblem problem)
    {
        if (isKnown)
        {
            return RefusalOutcome.EarlierStays;
        }

        if (!_index.SetUnreadable(type, key, problem))
        {
            return RefusalOutcome.Absent;
        }

        if (ReferenceEquals(type, KnownResources.AuthorizationPolicies) || ReferenceEquals(type, KnownResources.PeerAuthentications))
        {
            _attached.ForEach(other => other.Update(() => other._index.SetUnreadable(type, key, problem)));
        }

        if (ReferenceEquals(type, KnownResources.AuthorizationPolicies))
        {
            _part?.Set(type, key, problem.Remains);
        }

        return RefusalOutcome.Guarded;
    }

    /// <summary>Nothing reaches the store before everything is known: half a mesh would be a wrong one.</summary>
    private async Task StoreAsync(CancellationToken cancellation)
    {
        await using ITimer timer = _index.Clock.CreateTimer(_ => _due.Set(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (true)
        {
            await _due.WaitAsync(cancellation);
            if (!_missing.IsEmpty)
            {
                continue;
            }

            ClusterUpdate update;
            IReadOnlyList<ResourceChange> further;
            IReadOnlyList<ObjectConditions> conditions, ofPart;
            TaskCompletionSource? stored;
            lock (_gate)
            {
                (stored, _stored) = (_stored, null);
                update = _index.TakeUpdate();
                further = _part?.Take() ?? [];
                conditions = _index.TakeConditions();
                ofPart = _part?.TakeConditions() ?? [];
                timer.Change(_index.DueIn ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            if (conditions.Count > 0 && !_isRemote)
            {
                _observer.OnConditions(conditions);
            }

            if (ofPart.Count > 0)
            {
                _observer.OnPartConditions(ofPart);
            }

            int changed = _sink.Apply(update, further);
            if (update.Changes.Count + further.Count > 0)
            {
                _observer.OnChanged(changed);
            }

            _synced.TrySetResult();
            stored?.TrySetResult();
        }
    }
}

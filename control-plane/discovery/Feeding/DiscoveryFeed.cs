using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;
using ResourceChange = Ambient.Xds.Server.Resources.ResourceChange;
using ResourceStore = Ambient.Xds.Server.Resources.ResourceStore;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>Follows a source of objects and keeps a store equal to what the index makes of them. Thread-safe.</summary>
public sealed class DiscoveryFeed(IResourceSource source, MeshIndex index, ResourceStore store, FeedObserver observer, IFeedPart? part = null) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _due = new(0, 1);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, bool> _missing = new(StringComparer.Ordinal);

    /// <summary>Completes when everything that exists is in the store.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Whether it is.</summary>
    public bool IsSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>The kinds that are not known yet, by name.</summary>
    public IReadOnlyList<string> Missing => [.. _missing.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Task[] following =
        [
            Follow(KnownResources.Namespaces, (key, now) => index.SetNamespace(key.Name, now), cancellation),
            Follow(KnownResources.Nodes, (key, now) => index.SetNode(key.Name, now), cancellation),
            Follow(KnownResources.GatewayClasses, (key, now) => index.SetGatewayClass(key.Name, now), cancellation),
            Follow(KnownResources.Gateways, index.SetGateway, cancellation),
            Follow(KnownResources.Services, index.SetService, cancellation),
            Follow(KnownResources.ServiceEntries, index.SetServiceEntry, cancellation),
            Follow(KnownResources.EndpointSlices, index.SetEndpointSlice, cancellation),
            Follow(KnownResources.AuthorizationPolicies, index.SetAuthorizationPolicy, cancellation),
            Follow(KnownResources.PeerAuthentications, index.SetPeerAuthentication, cancellation),
            Follow(KnownResources.WorkloadEntries, index.SetWorkloadEntry, cancellation),
            Follow(
                KnownResources.Pods,
                (key, now) =>
                {
                    index.SetPod(key, now);
                    observer.OnPod(key, now);
                },
                cancellation),
        ];
        Task[] further = [.. (part?.Kinds ?? []).Select(kind => Follow(kind, static (_, _) => { }, cancellation))];
        if (part?.ConfigMap is { } map)
        {
            var one = new ResourceScope(map.Namespace, Fields: "metadata.name=" + map.Name);
            further = [.. further, Follow(KnownResources.ConfigMaps, static (_, _) => { }, cancellation, one)];
        }

        await Task.WhenAll([.. following, .. further, StoreAsync(cancellation)]);
    }

    /// <summary>Changes something of the part while nobody else does, then computes what is due.</summary>
    public void Update(Action change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            change();
        }

        Wake();
    }

    /// <inheritdoc/>
    public void Dispose() => _due.Dispose();

    private Task Follow<T>(ResourceType<T> type, Action<ResourceKey, T?> set, CancellationToken cancellation, ResourceScope? scope = null)
        where T : Resource
    {
        _missing[type.FullName] = true;

        // The index keeps what it needs of the objects; a cache of its own tells what a new list no longer has.
        var cache = new ResourceCache<T>(source, type, scope);
        return cache.RunAsync(
            change =>
            {
                switch (change.Kind)
                {
                    case ResourceChangeKind.Refused:
                        observer.OnRefused(type, change.Key, change.Problem!, Refuse(type, change.Key, change.New is not null, change.Problem!));
                        break;
                    case ResourceChangeKind.Synced:
                        _missing.TryRemove(type.FullName, out _);
                        Wake();
                        break;
                    default:
                        lock (_gate)
                        {
                            set(change.Key, change.New);
                            part?.Set(type, change.Key, change.New);
                        }

                        if (!ReferenceEquals(type, KnownResources.Pods) && scope is null)
                        {
                            observer.OnObject(type, change.Key, change.New);
                        }

                        Wake();
                        break;
                }

                return ValueTask.CompletedTask;
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

        lock (_gate)
        {
            if (!index.SetUnreadable(type, key, problem))
            {
                return RefusalOutcome.Absent;
            }

            if (ReferenceEquals(type, KnownResources.AuthorizationPolicies))
            {
                part?.Set(type, key, problem.Remains);
            }
        }

        Wake();
        return RefusalOutcome.Guarded;
    }

    private void Wake()
    {
        try
        {
            _due.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has said so already.
        }
    }

    /// <summary>Nothing reaches the store before everything is known: half a mesh would be a wrong one.</summary>
    private async Task StoreAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _due.WaitAsync(cancellation);
            if (!_missing.IsEmpty)
            {
                continue;
            }

            IReadOnlyList<ResourceChange> changes;
            IReadOnlyList<ObjectConditions> conditions;
            lock (_gate)
            {
                changes = [.. index.Take(), .. part?.Take() ?? []];
                conditions = index.TakeConditions();
            }

            if (conditions.Count > 0)
            {
                observer.OnConditions(conditions);
            }

            if (changes.Count > 0)
            {
                observer.OnChanged(store.Apply(changes));
            }

            _synced.TrySetResult();
        }
    }
}

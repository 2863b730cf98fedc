using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;

namespace Ambient.Cni.Agent.Sources;

/// <summary>
/// Pods of this node and all namespaces, from a source of resources; what the Kubernetes API and a folder of manifests have in common. Thread-safe.
/// </summary>
public abstract class ResourcePodSource : IPodSource
{
    private bool _isToldSynced;
    private volatile bool _arePeersTold;

    private readonly ResourceCache<PeerAuthentication>? _peers;
    private readonly string _rootNamespace;

    /// <summary>Without <paramref name="peers"/> every workload counts as strict.</summary>
    private protected ResourcePodSource(ResourceCache<Pod> pods, ResourceCache<Namespace> namespaces, ResourceCache<PeerAuthentication>? peers, string rootNamespace) =>
        (Pods, Namespaces, _peers, _rootNamespace) = (pods, namespaces, peers, rootNamespace);

    private protected ResourceCache<Pod> Pods { get; }

    private protected ResourceCache<Namespace> Namespaces { get; }

    /// <inheritdoc/>
    public async Task RunAsync(Func<PodEvent, ValueTask> tell, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tell);
        using var one = new SemaphoreSlim(1);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        // Namespaces first, so that no pod is looked at without its own.
        Task namespaces = Namespaces.RunAsync(c => InTurnAsync(one, OnNamespaceAsync, c, tell), ending.Token);
        Task first = await Task.WhenAny(namespaces, Namespaces.Synced);
        Task pods = first == namespaces ? namespaces : Pods.RunAsync(c => InTurnAsync(one, OnPodAsync, c, tell), ending.Token);
        Task peers = first == namespaces || _peers is null
            ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending.Token)
            : _peers.RunAsync(c => InTurnAsync(one, OnPeersAsync, c, tell), ending.Token);
        Task ended = await Task.WhenAny(namespaces, pods, peers);
        await ending.CancelAsync();
        await Task.WhenAll(namespaces, pods, peers).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await ended;
    }

    /// <inheritdoc/>
    public abstract Task<PodEvent.LookedUp> LookUpAsync(PodCommand.LookUp question, CancellationToken cancellation);

    /// <summary>What of a pod matters here.</summary>
    private protected PodRecord RecordOf(Pod pod) => PodRecords.Of(pod) with
    {
        IsStrict = _peers is not { } peers || !_arePeersTold || peers.HasRefused || StrictWorkloads.IsStrict(peers.All, _rootNamespace, pod),
    };

    /// <summary>Whether a pod belongs to this node.</summary>
    private protected virtual bool IsOurs(Pod pod) => true;

    /// <summary>What is known of a namespace that has no object; null when nothing is.</summary>
    private protected virtual NamespaceFacts? WithoutObject(string name) => null;

    private static async ValueTask InTurnAsync<T>(SemaphoreSlim one, Func<ResourceChange<T>, Func<PodEvent, ValueTask>, ValueTask> handle, ResourceChange<T> change, Func<PodEvent, ValueTask> tell)
        where T : Resource
    {
        await one.WaitAsync();
        try
        {
            await handle(change, tell);
        }
        finally
        {
            one.Release();
        }
    }

    private async ValueTask OnNamespaceAsync(ResourceChange<Namespace> change, Func<PodEvent, ValueTask> tell)
    {
        switch (change.Kind)
        {
            case ResourceChangeKind.Added:
            case ResourceChangeKind.Updated when !change.New!.Metadata.Labels.Equals(change.Old!.Metadata.Labels):
                await tell(new PodEvent.NamespaceChanged(PodRecords.Of(change.New!)));
                break;
            case ResourceChangeKind.Deleted:
                await tell(WithoutObject(change.Key.Name) is { } facts ? new PodEvent.NamespaceChanged(facts) : new PodEvent.NamespaceDeleted(change.Key.Name));
                break;
            default:
                break;
        }
    }

    private async ValueTask OnPeersAsync(ResourceChange<PeerAuthentication> change, Func<PodEvent, ValueTask> tell)
    {
        _arePeersTold |= change.Kind == ResourceChangeKind.Synced;
        foreach (Pod pod in Pods.All.Where(IsOurs))
        {
            await tell(new PodEvent.PodChanged(RecordOf(pod)));
        }
    }

    private async ValueTask OnPodAsync(ResourceChange<Pod> change, Func<PodEvent, ValueTask> tell)
    {
        if (change.Kind == ResourceChangeKind.Synced)
        {
            if (!_isToldSynced)
            {
                _isToldSynced = true;
                await tell(new PodEvent.Synced([.. Pods.All.Where(IsOurs).Select(PodRecords.UidOf)]));
            }

            return;
        }

        if (change.Kind == ResourceChangeKind.Refused)
        {
            return;
        }

        bool wasOurs = change.Old is not null && IsOurs(change.Old), isOurs = change.New is not null && IsOurs(change.New);

        // Another pod of the same name, whose predecessor's end was missed.
        if (wasOurs && (!isOurs || PodRecords.UidOf(change.Old!) != PodRecords.UidOf(change.New!)))
        {
            await tell(new PodEvent.PodDeleted(PodRecords.UidOf(change.Old!)));
        }

        if (isOurs)
        {
            string space = change.New!.Metadata.Namespace;
            if (Namespaces.Find(new ResourceKey("", space)) is null && WithoutObject(space) is { } facts)
            {
                await tell(new PodEvent.NamespaceChanged(facts));
            }

            await tell(new PodEvent.PodChanged(RecordOf(change.New)));
        }
    }
}

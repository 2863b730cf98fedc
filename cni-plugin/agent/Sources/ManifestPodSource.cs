using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Pods and namespaces from a folder of manifests; pods that name another node are left out. Thread-safe.</summary>
public sealed class ManifestPodSource : ResourcePodSource
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(20);
    private readonly string? _node;
    private readonly TimeProvider _time;

    /// <summary>
    /// Follows the pods of a node; all when it has no name. With a root namespace PeerAuthentications are followed too, else every workload counts as
    /// strict.
    /// </summary>
    public ManifestPodSource(IResourceSource source, string? node, TimeProvider time, string? rootNamespace = null)
        : base(
            new ResourceCache<Pod>(source, KnownResources.Pods),
            new ResourceCache<Namespace>(source, KnownResources.Namespaces),
            rootNamespace is null ? null : new ResourceCache<PeerAuthentication>(source, KnownResources.PeerAuthentications),
            rootNamespace ?? "") => (_node, _time) = (node, time);

    /// <summary>Kinds that a folder is read for.</summary>
    public static IReadOnlyList<ResourceType> Kinds { get; } = [KnownResources.Pods, KnownResources.Namespaces, KnownResources.PeerAuthentications];

    /// <inheritdoc/>
    public override async Task<PodEvent.LookedUp> LookUpAsync(PodCommand.LookUp question, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(question);
        long started = _time.GetTimestamp();
        Pod? pod;

        // A manifest that was written a moment ago is read in a moment.
        while ((pod = Find(question)) is null && _time.GetElapsedTime(started) < Patience)
        {
            await Task.Delay(Every, _time, cancellation);
        }

        Namespace? space = Namespaces.Find(new ResourceKey("", question.Namespace));
        string? error = pod is null ? $"pod {question.Namespace}/{question.Name} is in no manifest" : null;
        return new PodEvent.LookedUp(
            question.Request,
            pod is null ? null : RecordOf(pod),
            space is not null ? PodRecords.Of(space) : WithoutObject(question.Namespace),
            error)
        {
            IsGone = pod is null,
        };
    }

    private protected override bool IsOurs(Pod pod) => _node is null || pod.Spec.NodeName.Length == 0 || pod.Spec.NodeName == _node;

    /// <summary>In a folder, what is not there does not exist: a namespace that nobody describes has no labels, once a pod names it.</summary>
    private protected override NamespaceFacts? WithoutObject(string name) =>
        Pods.All.Any(p => p.Metadata.Namespace == name) ? new NamespaceFacts(name, StringMap.Empty) : null;

    private Pod? Find(PodCommand.LookUp question)
    {
        Pod? pod = question.Uid.Length > 0
            ? Pods.All.FirstOrDefault(p => p.Metadata.Uid == question.Uid)
            : Pods.Find(new ResourceKey(question.Namespace, question.Name));
        return pod is not null && IsOurs(pod) ? pod : null;
    }
}

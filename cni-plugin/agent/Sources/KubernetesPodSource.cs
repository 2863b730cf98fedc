using Ambient.Cni.Agent.Pods;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Pods of this node from the Kubernetes API: the server sends no others. Thread-safe.</summary>
public sealed class KubernetesPodSource : ResourcePodSource
{
    private readonly KubernetesClient _client;
    private readonly string _node;

    /// <summary>Follows the pods of a node. With a root namespace PeerAuthentications are followed too, else every workload counts as strict.</summary>
    public KubernetesPodSource(KubernetesSource source, string node, string? rootNamespace = null)
        : base(
            new ResourceCache<Pod>(source, KnownResources.Pods, new ResourceScope(Fields: "spec.nodeName=" + node)),
            new ResourceCache<Namespace>(source, KnownResources.Namespaces),
            rootNamespace is null ? null : new ResourceCache<PeerAuthentication>(source, KnownResources.PeerAuthentications),
            rootNamespace ?? "")
    {
        ArgumentNullException.ThrowIfNull(source);
        (_client, _node) = (source.Client, node);
    }

    /// <inheritdoc/>
    public override async Task<PodEvent.LookedUp> LookUpAsync(PodCommand.LookUp question, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(question);
        Task<ApiResult<Pod>> asked = _client.GetAsync(KnownResources.Pods, new ResourceKey(question.Namespace, question.Name), cancellation);
        Task<ApiResult<Namespace>> askedSpace = _client.GetAsync(KnownResources.Namespaces, new ResourceKey("", question.Namespace), cancellation);
        ApiResult<Pod> pod = await asked;
        ApiResult<Namespace> space = await askedSpace;
        string? error = pod.Error is { } e ? $"pod {question.Namespace}/{question.Name}: {e}" : space.Error is { } s ? $"namespace {question.Namespace}: {s}" : null;
        Pod? found = pod.Value;
        if (found is not null && question.Uid.Length > 0 && PodRecords.UidOf(found) != question.Uid)
        {
            error = $"pod {question.Namespace}/{question.Name} has the UID {PodRecords.UidOf(found)}, not {question.Uid}";
            found = null;
        }
        else if (found is not null && found.Spec.NodeName.Length > 0 && found.Spec.NodeName != _node)
        {
            error = $"pod {question.Namespace}/{question.Name} is on {found.Spec.NodeName}, not on {_node}";
            found = null;
        }

        bool isGone = pod.Error is { IsNotFound: true } || (pod.Value is { } other && question.Uid.Length > 0 && PodRecords.UidOf(other) != question.Uid);
        return new PodEvent.LookedUp(question.Request, found is null ? null : RecordOf(found), space.Value is null ? null : PodRecords.Of(space.Value), error) { IsGone = isGone };
    }
}

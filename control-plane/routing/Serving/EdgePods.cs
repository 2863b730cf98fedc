using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>Which gateway each pod is an instance of, and its labels: Istio's Gateways select pods. Not thread-safe.</summary>
internal sealed class EdgePods
{
    /// <summary>Names the Gateway that a pod is an instance of.</summary>
    public const string NameLabel = "gateway.networking.k8s.io/gateway-name";

    private readonly Dictionary<ResourceKey, (ResourceKey Owner, StringMap Labels)> _pods = [];

    /// <summary>Sets a pod; whether it is or was one that any of these selectors selects, or that says itself whose it is.</summary>
    public bool Set(ResourceKey key, Pod? now, IEnumerable<IReadOnlyDictionary<string, string>> selectors)
    {
        (ResourceKey Owner, StringMap Labels)? before = _pods.TryGetValue(key, out (ResourceKey, StringMap) held) ? held : null;
        (ResourceKey Owner, StringMap Labels)? after = now is null ? null : (OwnerOf(now), now.Metadata.Labels);
        if (before is { } old && after is { } fresh && old.Owner == fresh.Owner && old.Labels.Equals(fresh.Labels))
        {
            return false;
        }

        if (after is { } there)
        {
            _pods[key] = there;
        }
        else
        {
            _pods.Remove(key);
        }

        return IsOfInterest(before, selectors) || IsOfInterest(after, selectors);
    }

    /// <summary>The gateways that have a pod which a selector selects.</summary>
    public IEnumerable<ResourceKey> Selected(IReadOnlyDictionary<string, string> selector) => _pods.Values.Where(pod => Selects(selector, pod.Labels)).Select(static pod => pod.Owner).Distinct();

    /// <summary>Labels of a gateway's pods; null when it has none.</summary>
    public StringMap? LabelsOf(ResourceKey owner)
    {
        foreach ((ResourceKey of, StringMap labels) in _pods.Values)
        {
            if (of == owner)
            {
                return labels;
            }
        }

        return null;
    }

    /// <summary>Whether labels are those that are wanted; nothing wanted is all.</summary>
    public static bool Selects(IReadOnlyDictionary<string, string> selector, IReadOnlyDictionary<string, string> labels) =>
        selector.All(wanted => labels.TryGetValue(wanted.Key, out string? value) && value == wanted.Value);

    private static bool IsOfInterest((ResourceKey Owner, StringMap Labels)? pod, IEnumerable<IReadOnlyDictionary<string, string>> selectors) =>
        pod is { } there && (there.Labels.ContainsKey(NameLabel) || selectors.Any(selector => selector.Count > 0 && Selects(selector, there.Labels)));

    // A pod without the label says by its account who it is: programs name that when nothing else is said.
    private static ResourceKey OwnerOf(Pod pod) => new(
        pod.Metadata.Namespace,
        pod.Metadata.Labels.Find(NameLabel) is { Length: > 0 } name ? name : pod.Spec.ServiceAccountName is { Length: > 0 } account ? account : "default");
}

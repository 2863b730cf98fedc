using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Whether a workload accepts mutual TLS alone. Doubt counts as yes: it only decides who may go on without a proxy. Pure.</summary>
internal static class StrictWorkloads
{
    private const string Strict = "STRICT";

    /// <summary>
    /// The mode of the pod by what selects it, else of its namespace, else of the mesh (the root namespace); the narrowest that says something wins.
    /// Of several of one rank, and of several ports, one that is strict is enough.
    /// </summary>
    public static bool IsStrict(IEnumerable<PeerAuthentication> all, string rootNamespace, Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        PeerAuthentication[] own = [.. all.Where(p => p.Metadata.Namespace == pod.Metadata.Namespace || p.Metadata.Namespace == rootNamespace)];
        PeerAuthentication[][] ranks =
        [
            [.. own.Where(p => p.Metadata.Namespace == pod.Metadata.Namespace && Selects(p) && p.Spec.Selector!.MatchLabels.All(l => pod.Metadata.Labels.Find(l.Key) == l.Value))],
            [.. own.Where(p => p.Metadata.Namespace == pod.Metadata.Namespace && !Selects(p))],
            [.. own.Where(p => p.Metadata.Namespace == rootNamespace && !Selects(p))],
        ];
        if (ranks[0].SelectMany(p => p.Spec.PortLevelMtls.Values).Any(m => m?.Mode == Strict))
        {
            return true;
        }

        foreach (PeerAuthentication[] rank in ranks)
        {
            string[] modes = [.. rank.Select(p => p.Spec.Mtls?.Mode ?? "").Where(m => m is not ("" or "UNSET"))];
            if (modes.Length > 0)
            {
                // A mode that nobody knows may be stricter than we think.
                return modes.Any(m => m is not ("PERMISSIVE" or "DISABLE"));
            }
        }

        return false;
    }

    private static bool Selects(PeerAuthentication policy) => policy.Spec.Selector is { MatchLabels.Count: > 0 };
}

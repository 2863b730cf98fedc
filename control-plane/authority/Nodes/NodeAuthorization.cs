using Ambient.ControlPlane.Authority.Callers;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Nodes;

/// <summary>
/// Whether a caller may have a certificate for another identity (control-plane reference 6.3): only a trusted node proxy, only for accounts
/// of pods on its own node, and only in this mesh's trust domains (Q10). A pure function.
/// </summary>
/// <param name="TrustedAccounts"><c>namespace/serviceaccount</c> of node proxies; none: nobody may.</param>
/// <param name="TrustDomains">The own trust domain and its aliases.</param>
public sealed record NodeAuthorization(IReadOnlyCollection<string> TrustedAccounts, IReadOnlyCollection<string> TrustDomains)
{
    /// <summary>Null when the caller may; otherwise why not, for the log: the caller itself learns no reason.</summary>
    public string? Refusal(Caller caller, SpiffeId requested, IPodFacts pods) => Refusal(caller, requested, pods, out _);

    /// <summary>The same.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="requested">Whose certificate.</param>
    /// <param name="pods">The pods as they are known.</param>
    /// <param name="lacking">Set when all that is missing is a pod of the account on the caller's node: that node.</param>
    public string? Refusal(Caller caller, SpiffeId requested, IPodFacts pods, out string? lacking)
    {
        lacking = null;
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(requested);
        ArgumentNullException.ThrowIfNull(pods);
        if (caller.Kind != CallerKind.Token || caller.Identities is not [{ } self])
        {
            return "only a caller with a service account's token may ask for other identities";
        }

        if (!TrustedAccounts.Contains($"{self.Namespace}/{self.ServiceAccount}"))
        {
            return $"{self.Namespace}/{self.ServiceAccount} is not among the trusted node accounts ({(TrustedAccounts.Count == 0 ? "there are none" : string.Join(", ", TrustedAccounts))})";
        }

        if (!TrustDomains.Contains(requested.TrustDomain))
        {
            return $"{requested} is of another trust domain";
        }

        if (caller.Pod is not { } bound || pods.Find(caller.Cluster, self.Namespace, bound.Name) is not { } pod)
        {
            return $"the caller's own pod is not known in the cluster {caller.Cluster}";
        }

        if (pod.Uid != bound.Uid || pod.ServiceAccount != self.ServiceAccount)
        {
            return $"the pod {pod.Namespace}/{pod.Name} is not the one that the token was made for: it has another {(pod.Uid != bound.Uid ? "uid" : "service account")}";
        }

        if (pod.Node.Length > 0 && pods.HasAccount(caller.Cluster, pod.Node, requested.Namespace, requested.ServiceAccount))
        {
            return null;
        }

        lacking = pod.Node.Length > 0 ? pod.Node : null;
        return $"no pod of {requested.Namespace}/{requested.ServiceAccount} runs on the caller's node {pod.Node} of the cluster {caller.Cluster}";
    }
}

using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Policies;

/// <summary>What the targetRefs of policies mean at a waypoint (waypoint reference 2.6.1). Immutable.</summary>
internal sealed class PolicyTargets(WaypointScope scope)
{
    /// <summary>Whether a policy without targets is for us: for an ingress gateway whose pods it selects, or without selector for all pods of its namespace, or of the mesh.</summary>
    public bool Selects(string policyNamespace, IReadOnlyDictionary<string, string> selector) => scope.PodLabels is { } labels
        && (policyNamespace == scope.Namespace || policyNamespace == scope.RootNamespace)
        && selector.All(wanted => labels.TryGetValue(wanted.Key, out string? value) && value == wanted.Value);

    /// <summary>What a policy is attached to here; empty when it is none of this waypoint's business.</summary>
    public IReadOnlyList<Attachment> Resolve(string policyNamespace, IEnumerable<TargetReference> references)
    {
        List<Attachment> attachments = [];
        foreach (TargetReference reference in references)
        {
            if (reference.IsElsewhere(policyNamespace))
            {
                continue;
            }

            if (reference.IsEverything)
            {
                attachments.AddRange(Everything(policyNamespace));
                continue;
            }

            if (reference.IsService || reference.IsServiceEntry)
            {
                attachments.AddRange(Services(policyNamespace, reference.Name, reference.IsServiceEntry));
            }
            else if ((reference.IsGateway && policyNamespace == scope.Namespace && reference.Name == scope.Gateway)
                || (reference.IsGatewayClass && policyNamespace == scope.RootNamespace && reference.Name == scope.GatewayClass))
            {
                attachments.Add(new Attachment { All = true });
            }
        }

        return attachments;
    }

    /// <summary>The waypoint itself where the policy may have named it, and each service that it may have named.</summary>
    private IEnumerable<Attachment> Everything(string @namespace) => @namespace == scope.Namespace || @namespace == scope.RootNamespace
        ? [new Attachment { All = true }]
        : scope.Served.Where(service => service.Namespace == @namespace).Select(service => new Attachment { Service = service.ResourceName });

    private IEnumerable<Attachment> Services(string @namespace, string name, bool isEntry) => scope.Served
        .Where(service => service.Namespace == @namespace && service.Name == name && service.IsEntry == isEntry)
        .Select(service => new Attachment { Service = service.ResourceName });
}

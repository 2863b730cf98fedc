using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>Which references from one namespace into another are allowed (control-plane reference 8.7). Immutable.</summary>
internal sealed class ReferenceGrants(IReadOnlyList<RoutingObject> grants)
{
    private const string GatewayApi = "gateway.networking.k8s.io";

    /// <summary>Whether an object of a kind in one namespace may name an object in another one.</summary>
    public bool Allows(string fromKind, string fromNamespace, string toGroup, string toKind, string toNamespace, string toName)
    {
        if (fromNamespace == toNamespace)
        {
            return true;
        }

        foreach (RoutingObject grant in grants.Where(grant => grant.Namespace == toNamespace))
        {
            SpecReader spec = new(grant, new ProblemList());
            bool isFrom = spec.Objects("from").Any(from => from.Text("group") == GatewayApi && from.Text("kind") == fromKind && from.Text("namespace") == fromNamespace);
            bool isTo = spec.Objects("to").Any(to => (to.Text("group") is var group && (group == toGroup || (group == "core" && toGroup.Length == 0))) && to.Text("kind") == toKind && (!to.Has("name") || to.Text("name").Length == 0 || to.Text("name") == toName));
            if (isFrom && isTo)
            {
                return true;
            }
        }

        return false;
    }
}

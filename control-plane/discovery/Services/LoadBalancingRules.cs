using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Workload;
using Scope = Ambient.Protocol.Istio.Workload.LoadBalancing.Types.Scope;

namespace Ambient.ControlPlane.Discovery.Services;

/// <summary>Where a service's traffic prefers to stay (control-plane reference 2.3). Stateless; each answer is a message of its own.</summary>
internal static class LoadBalancingRules
{
    private const string Annotation = "networking.istio.io/traffic-distribution";

    internal static LoadBalancing? OfService(Kubernetes.Resources.Services.ServiceSpec spec, StringMap own, StringMap ofNamespace)
    {
        LoadBalancing? found = spec.InternalTrafficPolicy == "Local"
            ? new LoadBalancing { Mode = LoadBalancing.Types.Mode.Strict, RoutingPreference = { Scope.Node } }
            : Preset(spec.TrafficDistribution, StringComparison.Ordinal) ?? OfAnnotations(own, ofNamespace);
        if (spec.PublishNotReadyAddresses)
        {
            found ??= new LoadBalancing();
            found.HealthPolicy = LoadBalancing.Types.HealthPolicy.AllowAll;
        }

        return found;
    }

    /// <summary>The object's annotation counts also when nobody understands it; then there is no preference.</summary>
    internal static LoadBalancing? OfAnnotations(StringMap own, StringMap ofNamespace) =>
        (own.Find(Annotation) ?? ofNamespace.Find(Annotation)) is { } text ? Preset(text, StringComparison.OrdinalIgnoreCase) : null;

    private static LoadBalancing? Preset(string text, StringComparison how)
    {
        bool Is(string name) => string.Equals(text, name, how);
        return Is("PreferClose") || Is("PreferSameZone") ? Failover(Scope.Network, Scope.Region, Scope.Zone)
            : Is("PreferSameNode") ? Failover(Scope.Network, Scope.Region, Scope.Zone, Scope.Subzone, Scope.Node)
            : null;
    }

    private static LoadBalancing Failover(params Scope[] scopes) => new() { Mode = LoadBalancing.Types.Mode.Failover, RoutingPreference = { scopes } };
}

using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>What a Gateway's status is made of besides the Gateway. Immutable.</summary>
/// <param name="Service">The Service that leads to it; null: none.</param>
/// <param name="HasEndpoint">Whether that Service has an endpoint that is ready.</param>
public sealed record GatewayFacts(Service? Service, bool HasEndpoint)
{
    /// <summary>What is to be said about each listener of an ingress gateway; null: nobody looked at them.</summary>
    public IReadOnlyList<ListenerConditions>? Listeners { get; init; }

    /// <summary>Nothing is there.</summary>
    public static GatewayFacts None { get; } = new(null, HasEndpoint: false);

    internal static GatewayFacts Of(Gateway gateway, ManagedClass kind, ClusterView view, SliceIndex slices, IReadOnlyList<ListenerConditions>? listeners)
    {
        var key = new ResourceKey(gateway.Metadata.Namespace, GatewayRendering.NameOf(gateway, kind));
        return view.Find(KnownResources.Services, key) is { } service ? new GatewayFacts(service, slices.HasReady(key)) { Listeners = listeners } : None with { Listeners = listeners };
    }
}

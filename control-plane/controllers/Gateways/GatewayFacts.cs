using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>What a Gateway's status is made of besides the Gateway. Immutable.</summary>
/// <param name="Service">The Service that leads to it; null: none.</param>
/// <param name="HasEndpoint">Whether that Service has an endpoint that is ready.</param>
public sealed record GatewayFacts(Service? Service, bool HasEndpoint)
{
    /// <summary>Nothing is there.</summary>
    public static GatewayFacts None { get; } = new(null, HasEndpoint: false);

    internal static GatewayFacts Of(Gateway gateway, ClusterView view, SliceIndex slices)
    {
        var key = new ResourceKey(gateway.Metadata.Namespace, GatewayRendering.NameOf(gateway));
        return view.Find(KnownResources.Services, key) is { } service ? new GatewayFacts(service, slices.HasReady(key)) : None;
    }
}

using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>An object that belongs to a Gateway. Immutable.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Key">Its name.</param>
/// <param name="Json">All of it.</param>
public sealed record GatewayObject(ResourceType Type, ResourceKey Key, JsonObject Json)
{
    /// <summary>The kinds that may be made for a Gateway, and what overlays call them.</summary>
    public static IReadOnlyDictionary<string, (ResourceType Type, string Overlay)> Kinds { get; } = new Dictionary<string, (ResourceType, string)>(StringComparer.Ordinal)
    {
        ["ServiceAccount"] = (KnownResources.ServiceAccounts, "serviceAccount"),
        ["Deployment"] = (KnownResources.Deployments, "deployment"),
        ["Service"] = (KnownResources.Services, "service"),
        ["HorizontalPodAutoscaler"] = (KnownResources.HorizontalPodAutoscalers, "horizontalPodAutoscaler"),
        ["PodDisruptionBudget"] = (KnownResources.PodDisruptionBudgets, "podDisruptionBudget"),
    };
}

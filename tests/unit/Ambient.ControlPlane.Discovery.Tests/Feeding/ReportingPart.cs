using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Resources;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Feeding;

/// <summary>A part that has something to say about EnvoyFilters.</summary>
internal sealed class ReportingPart : IFeedPart
{
    public IReadOnlyList<ResourceType<RoutingResource>> Kinds => [];

    public IReadOnlyList<ResourceType<RoutingResource>> Reported => [KnownResources.EnvoyFilters];

    public ResourceKey? ConfigMap => null;

    /// <summary>Completes with the first EnvoyFilter that it is told of.</summary>
    public TaskCompletionSource<ResourceKey> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set(ResourceType type, ResourceKey key, Resource? now)
    {
        if (type == KnownResources.EnvoyFilters)
        {
            Told.TrySetResult(key);
        }
    }

    public IReadOnlyList<ResourceChange> Take() => [];

    public IReadOnlyList<ObjectConditions> TakeConditions() => [];
}

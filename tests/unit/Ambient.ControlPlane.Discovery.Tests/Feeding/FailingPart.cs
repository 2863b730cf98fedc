using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Resources;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Feeding;

/// <summary>A part with a defect.</summary>
internal sealed class FailingPart : IFeedPart
{
    public IReadOnlyList<ResourceType<RoutingResource>> Kinds => [];

    public ResourceKey? ConfigMap => null;

    public void Set(ResourceType type, ResourceKey key, Resource? now)
    {
    }

    public IReadOnlyList<ResourceChange> Take() => throw new InvalidOperationException("a defect");

    public IReadOnlyList<ObjectConditions> TakeConditions() => [];
}

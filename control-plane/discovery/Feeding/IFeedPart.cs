using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>
/// Makes further resources of what a feed sees, in the same step as those of the mesh: clients never hear of one without the other. Called by one thread at a time.
/// </summary>
public interface IFeedPart
{
    /// <summary>Kinds that the feed is to follow for it.</summary>
    IReadOnlyList<ResourceType<RoutingResource>> Kinds { get; }

    /// <summary>Kinds that it is told of to say that they have no effect. Nothing waits for them.</summary>
    IReadOnlyList<ResourceType<RoutingResource>> Reported => [];

    /// <summary>The one ConfigMap that it needs as well; null: none.</summary>
    ResourceKey? ConfigMap { get; }

    /// <summary>An object of one of these kinds, or of any that the feed follows anyway, as it is now; null: it is gone.</summary>
    void Set(ResourceType type, ResourceKey key, Resource? now);

    /// <summary>Computes what is due and returns what changed; after the mesh's own changes.</summary>
    IReadOnlyList<ResourceChange> Take();

    /// <summary>What objects' statuses should say since the last call; after <see cref="Take"/>.</summary>
    IReadOnlyList<ObjectConditions> TakeConditions();
}

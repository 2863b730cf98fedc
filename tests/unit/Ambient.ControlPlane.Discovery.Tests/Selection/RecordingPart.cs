using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Resources;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Selection;

/// <summary>A part that remembers which objects it was told of. Used under the feed's lock alone, and read when nothing changes.</summary>
internal sealed class RecordingPart : IFeedPart
{
    private readonly SortedSet<string> _there = new(StringComparer.Ordinal);

    public IReadOnlyList<ResourceType<RoutingResource>> Kinds => [KnownResources.HttpRoutes];

    public ResourceKey? ConfigMap => new ResourceKey("istio-system", "istio");

    /// <summary>The objects that are there.</summary>
    public string There
    {
        get
        {
            lock (_there)
            {
                return string.Join(' ', _there);
            }
        }
    }

    public void Set(ResourceType type, ResourceKey key, Resource? now)
    {
        lock (_there)
        {
            _ = now is null ? _there.Remove($"{type.Kind}:{key}") : _there.Add($"{type.Kind}:{key}");
        }
    }

    public IReadOnlyList<ResourceChange> Take() => [];

    public IReadOnlyList<ObjectConditions> TakeConditions() => [];
}

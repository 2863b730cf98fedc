using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Manifests;

/// <summary>All objects of a folder at one moment, by kind. Immutable.</summary>
internal sealed class ManifestSnapshot(IReadOnlyDictionary<string, IReadOnlyDictionary<ResourceKey, Resource>> kinds)
{
    private static readonly Dictionary<ResourceKey, Resource> Nothing = [];

    /// <summary>Objects of a kind.</summary>
    public IReadOnlyDictionary<ResourceKey, Resource> Of(ResourceType type) => kinds.GetValueOrDefault(type.FullName) ?? Nothing;
}

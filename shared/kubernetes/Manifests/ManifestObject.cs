using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Manifests;

/// <summary>An object of a manifest. Immutable.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Resource">The object itself.</param>
/// <param name="Line">Line of its document.</param>
/// <param name="Digest">Tells whether it is the same text as before.</param>
internal sealed record ManifestObject(ResourceType Type, Resource Resource, int Line, string Digest)
{
    /// <summary>Kind and key: what there can be one of.</summary>
    public (string Kind, ResourceKey Key) Identity => (Type.FullName, Resource.Key);
}

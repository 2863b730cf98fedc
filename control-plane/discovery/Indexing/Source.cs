using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>What a piece of the result is computed from. Immutable.</summary>
internal readonly record struct Source(SourceKind Kind, ResourceKey Key);

using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Api;

/// <summary>An object that cannot be read as its kind. Immutable.</summary>
public sealed record RefusedObject(ResourceKey Key, string ResourceVersion, ReadProblem Problem);

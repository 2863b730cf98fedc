using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Watching;

/// <summary>Something that happened to a cache. Immutable.</summary>
/// <param name="Kind">What.</param>
/// <param name="Key">To which object.</param>
/// <param name="Old">As it was; null when it was not there.</param>
/// <param name="New">As it is; null when it is gone.</param>
/// <param name="Problem">Why it cannot be read.</param>
public readonly record struct ResourceChange<T>(ResourceChangeKind Kind, ResourceKey Key, T? Old = null, T? New = null, ReadProblem? Problem = null)
    where T : Resource;

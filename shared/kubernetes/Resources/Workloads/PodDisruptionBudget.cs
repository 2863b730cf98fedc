namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>How many pods may be away at a time; applied and never read. Immutable.</summary>
public sealed record PodDisruptionBudget : Resource
{
}

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>Scales a workload; applied and never read. Immutable.</summary>
public sealed record HorizontalPodAutoscaler : Resource
{
}

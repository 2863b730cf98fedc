namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>An account of workloads. Immutable.</summary>
public sealed record ServiceAccount : Resource
{

}

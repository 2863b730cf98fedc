namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A pod, as far as the mesh looks at it. Immutable.</summary>
public sealed record Pod : Resource
{
    /// <summary><c>spec</c>.</summary>
    public PodSpec Spec { get; init => field = value ?? new PodSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public PodStatus Status { get; init => field = value ?? new PodStatus(); } = new();
}

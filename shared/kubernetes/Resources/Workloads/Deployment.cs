namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A deployment, as far as the mesh looks at its progress; it is written by apply. Immutable.</summary>
public sealed record Deployment : Resource
{
    /// <summary><c>spec</c>.</summary>
    public DeploymentSpec Spec { get; init => field = value ?? new DeploymentSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public DeploymentStatus Status { get; init => field = value ?? new DeploymentStatus(); } = new();
}

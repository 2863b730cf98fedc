namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What pods are made of. Immutable.</summary>
public sealed record DaemonSetTemplate
{
    /// <summary><c>spec</c>.</summary>
    public NodeChoice Spec { get; init => field = value ?? new NodeChoice(); } = new();
}

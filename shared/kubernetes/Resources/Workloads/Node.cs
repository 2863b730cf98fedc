namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A node. Immutable.</summary>
public sealed record Node : Resource
{
    /// <summary><c>spec</c>.</summary>
    public NodeSpec Spec { get; init => field = value ?? new NodeSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public NodeStatus Status { get; init => field = value ?? new NodeStatus(); } = new();
}

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a DaemonSet should be. Immutable.</summary>
public sealed record DaemonSetSpec
{
    /// <summary><c>template</c>.</summary>
    public DaemonSetTemplate Template { get; init => field = value ?? new DaemonSetTemplate(); } = new();
}

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A DaemonSet, of which only its metadata and its choice of nodes are looked at. Immutable.</summary>
public sealed record DaemonSet : Resource
{
    /// <summary><c>spec</c>.</summary>
    public DaemonSetSpec Spec { get; init => field = value ?? new DaemonSetSpec(); } = new();
}

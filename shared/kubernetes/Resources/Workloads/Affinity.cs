namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>Where a pod is to run; of it only nodes. Immutable.</summary>
public sealed record Affinity
{
    /// <summary><c>nodeAffinity</c>.</summary>
    public NodeAffinity NodeAffinity { get; init => field = value ?? new NodeAffinity(); } = new();
}

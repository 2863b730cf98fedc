namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a deployment should be. Immutable.</summary>
public sealed record DeploymentSpec
{
    /// <summary><c>replicas</c>.</summary>
    public int? Replicas { get; init; }

    /// <summary><c>selector</c>.</summary>
    public LabelSelector Selector { get; init => field = value ?? new LabelSelector(); } = new();
}

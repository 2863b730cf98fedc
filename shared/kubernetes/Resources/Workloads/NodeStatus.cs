namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a node is. Immutable.</summary>
public sealed record NodeStatus
{
    /// <summary><c>addresses</c>.</summary>
    public IReadOnlyList<NodeAddress> Addresses { get; init => field = value ?? []; } = [];

    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}

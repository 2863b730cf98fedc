namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a deployment is. Immutable.</summary>
public sealed record DeploymentStatus
{
    /// <summary><c>observedGeneration</c>.</summary>
    public long ObservedGeneration { get; init; }

    /// <summary><c>replicas</c>.</summary>
    public int Replicas { get; init; }

    /// <summary><c>readyReplicas</c>.</summary>
    public int ReadyReplicas { get; init; }

    /// <summary><c>updatedReplicas</c>.</summary>
    public int UpdatedReplicas { get; init; }

    /// <summary><c>availableReplicas</c>.</summary>
    public int AvailableReplicas { get; init; }

    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}

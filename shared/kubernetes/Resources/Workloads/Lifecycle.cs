namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What the kubelet does when a container starts and before it stops. Immutable.</summary>
public sealed record Lifecycle
{
    /// <summary><c>postStart</c>.</summary>
    public Probe? PostStart { get; init; }

    /// <summary><c>preStop</c>.</summary>
    public Probe? PreStop { get; init; }
}

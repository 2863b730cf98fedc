namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A namespace. Immutable.</summary>
public sealed record Namespace : Resource
{
    /// <summary><c>status</c>.</summary>
    public NamespaceStatus Status { get; init => field = value ?? new NamespaceStatus(); } = new();
}

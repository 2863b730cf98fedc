namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>Where a probe knocks. Immutable.</summary>
public sealed record ProbeTarget
{
    /// <summary><c>port</c>: a number, or the name of a port of the container.</summary>
    public IntOrString Port { get; init; }

    /// <summary><c>host</c>; the pod itself when absent.</summary>
    public string? Host { get; init; }
}

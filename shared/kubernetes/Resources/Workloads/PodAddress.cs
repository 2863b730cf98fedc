namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>An address of a pod. Immutable.</summary>
public sealed record PodAddress
{
    /// <summary><c>ip</c>.</summary>
    public string Ip { get; init => field = value ?? ""; } = "";
}

using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>On which nodes a pod must run. Immutable.</summary>
public sealed record NodeAffinity
{
    /// <summary><c>requiredDuringSchedulingIgnoredDuringExecution</c>; null when there is none.</summary>
    [JsonPropertyName("requiredDuringSchedulingIgnoredDuringExecution")]
    public NodeSelector? Required { get; init; }
}

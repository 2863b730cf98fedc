using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A container of a pod. Immutable.</summary>
public sealed record Container
{
    /// <summary><c>name</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>restartPolicy</c>; Always makes a sidecar of an init container.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string RestartPolicy { get; init => field = value ?? ""; } = "";

    /// <summary><c>ports</c>.</summary>
    public IReadOnlyList<ContainerPort> Ports { get; init => field = value ?? []; } = [];

    /// <summary><c>livenessProbe</c>.</summary>
    public Probe? LivenessProbe { get; init; }

    /// <summary><c>readinessProbe</c>.</summary>
    public Probe? ReadinessProbe { get; init; }

    /// <summary><c>startupProbe</c>.</summary>
    public Probe? StartupProbe { get; init; }

    /// <summary><c>lifecycle</c>.</summary>
    public Lifecycle? Lifecycle { get; init; }
}

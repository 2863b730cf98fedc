using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a pod is. Immutable.</summary>
public sealed record PodStatus
{
    /// <summary><c>phase</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Phase { get; init => field = value ?? ""; } = "";

    /// <summary><c>podIP</c>.</summary>
    public string? PodIP { get; init; }

    /// <summary><c>podIPs</c>.</summary>
    public IReadOnlyList<PodAddress> PodIPs { get; init => field = value ?? []; } = [];

    /// <summary><c>hostIP</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string HostIP { get; init => field = value ?? ""; } = "";

    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}

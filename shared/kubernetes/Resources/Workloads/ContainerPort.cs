using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>A port that a container declares. Immutable.</summary>
public sealed record ContainerPort
{
    /// <summary><c>name</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>containerPort</c>.</summary>
    [JsonPropertyName("containerPort")]
    public int Port { get; init; }

    /// <summary><c>hostPort</c>.</summary>
    public int? HostPort { get; init; }

    /// <summary><c>protocol</c>; empty means TCP.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Protocol { get; init => field = value ?? ""; } = "";
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a namespace is. Immutable.</summary>
public sealed record NamespaceStatus
{
    /// <summary><c>phase</c>: Active or Terminating.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Phase { get; init => field = value ?? ""; } = "";
}

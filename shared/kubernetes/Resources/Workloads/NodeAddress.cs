using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>An address of a node. Immutable.</summary>
public sealed record NodeAddress
{
    /// <summary><c>type</c>: InternalIP, ExternalIP, Hostname.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary><c>address</c>.</summary>
    public string Address { get; init => field = value ?? ""; } = "";
}

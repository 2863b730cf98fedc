using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>From which namespaces. Immutable.</summary>
public sealed record RouteNamespaces
{
    /// <summary><c>from</c>: All, Selector or Same.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string From { get; init => field = value ?? ""; } = "";

    /// <summary><c>selector</c>.</summary>
    public LabelSelector? Selector { get; init; }
}

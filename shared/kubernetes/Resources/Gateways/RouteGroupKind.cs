using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>A kind of route. Immutable.</summary>
public sealed record RouteGroupKind
{
    /// <summary><c>group</c>; absent means gateway.networking.k8s.io.</summary>
    public string? Group { get; init; }

    /// <summary><c>kind</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";
}

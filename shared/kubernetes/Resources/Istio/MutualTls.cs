using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>A mode. Immutable.</summary>
public sealed record MutualTls
{
    /// <summary><c>mode</c>: UNSET, DISABLE, PERMISSIVE or STRICT.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Mode { get; init => field = value ?? ""; } = "";
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Services;

/// <summary>A zone or node. Immutable.</summary>
public sealed record NamedHint
{
    /// <summary><c>name</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; init => field = value ?? ""; } = "";
}

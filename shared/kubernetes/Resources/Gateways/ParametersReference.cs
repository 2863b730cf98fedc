using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Where parameters are. Immutable.</summary>
public sealed record ParametersReference
{
    /// <summary><c>group</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>namespace</c>.</summary>
    public string? Namespace { get; init; }
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>A port of a ServiceEntry. Immutable.</summary>
public sealed record ServiceEntryPort
{
    /// <summary><c>number</c>.</summary>
    public int Number { get; init; }

    /// <summary><c>protocol</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Protocol { get; init => field = value ?? ""; } = "";

    /// <summary><c>name</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>targetPort</c>.</summary>
    public int? TargetPort { get; init; }
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Services;

/// <summary>A port of all endpoints of a slice. Immutable.</summary>
public sealed record EndpointPort
{
    /// <summary><c>name</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>protocol</c>; empty means TCP.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Protocol { get; init => field = value ?? ""; } = "";

    /// <summary><c>appProtocol</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string AppProtocol { get; init => field = value ?? ""; } = "";

    /// <summary><c>port</c>; absent means all.</summary>
    public int? Port { get; init; }
}

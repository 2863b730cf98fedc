using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Services;

/// <summary>A port of a service. Immutable.</summary>
public sealed record ServicePort
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

    /// <summary><c>port</c>.</summary>
    public int Port { get; init; }

    /// <summary><c>targetPort</c>; absent means <see cref="Port"/>.</summary>
    public IntOrString TargetPort { get; init; }

    /// <summary><c>nodePort</c>.</summary>
    public int? NodePort { get; init; }
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Where a Gateway listens. Immutable.</summary>
public sealed record Listener
{
    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>hostname</c>.</summary>
    public string? Hostname { get; init; }

    /// <summary><c>port</c>.</summary>
    public int Port { get; init; }

    /// <summary><c>protocol</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Protocol { get; init => field = value ?? ""; } = "";

    /// <summary><c>allowedRoutes</c>.</summary>
    public AllowedRoutes? AllowedRoutes { get; init; }

    /// <summary><c>tls</c>.</summary>
    public ListenerTls? Tls { get; init; }
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>What a Gateway should be. Immutable.</summary>
public sealed record GatewaySpec
{
    /// <summary><c>gatewayClassName</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string GatewayClassName { get; init => field = value ?? ""; } = "";

    /// <summary><c>listeners</c>.</summary>
    public IReadOnlyList<Listener> Listeners { get; init => field = value ?? []; } = [];

    /// <summary><c>addresses</c> that are asked for.</summary>
    public IReadOnlyList<GatewayAddress> Addresses { get; init => field = value ?? []; } = [];

    /// <summary><c>infrastructure</c>.</summary>
    public GatewayInfrastructure? Infrastructure { get; init; }
}

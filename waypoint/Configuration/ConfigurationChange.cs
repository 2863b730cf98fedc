using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Configuration;

/// <summary>Resources that are new, different or gone. Immutable.</summary>
internal sealed record ConfigurationChange
{
    /// <summary>Routes of services.</summary>
    public ConfigurationPart<ServiceRoutes> Routes { get; init; } = ConfigurationPart<ServiceRoutes>.None;

    /// <summary>How hosts are reached.</summary>
    public ConfigurationPart<DestinationSettings> Destinations { get; init; } = ConfigurationPart<DestinationSettings>.None;

    /// <summary>Who may do what.</summary>
    public ConfigurationPart<AccessPolicy> Access { get; init; } = ConfigurationPart<AccessPolicy>.None;

    /// <summary>Whose tokens count.</summary>
    public ConfigurationPart<TokenPolicy> Tokens { get; init; } = ConfigurationPart<TokenPolicy>.None;

    /// <summary>How many requests may pass.</summary>
    public ConfigurationPart<LimitPolicy> Limits { get; init; } = ConfigurationPart<LimitPolicy>.None;

    /// <summary>Ports for clients outside the mesh.</summary>
    public ConfigurationPart<EdgePort> Edges { get; init; } = ConfigurationPart<EdgePort>.None;

    /// <summary>Their certificates.</summary>
    public ConfigurationPart<EdgeCredential> Credentials { get; init; } = ConfigurationPart<EdgeCredential>.None;

    /// <summary>What holds for all services; null: as before.</summary>
    public WaypointSettings? Settings { get; init; }

    /// <summary>Told of each resource that cannot be used, and why.</summary>
    public Action<string, string> Refuse { get; init; } = static (_, _) => { };
}

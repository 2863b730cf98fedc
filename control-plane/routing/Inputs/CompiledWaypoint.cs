using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>The configuration of one waypoint, and what is to be said about the objects it was made of.</summary>
public sealed record CompiledWaypoint
{
    /// <summary>Routes of the services it serves.</summary>
    public required IReadOnlyList<ServiceRoutes> Routes { get; init; }

    /// <summary>How hosts are reached.</summary>
    public required IReadOnlyList<DestinationSettings> Destinations { get; init; }

    /// <summary>Who may do what.</summary>
    public required IReadOnlyList<AccessPolicy> Policies { get; init; }

    /// <summary>Whose tokens count.</summary>
    public required IReadOnlyList<TokenPolicy> Tokens { get; init; }

    /// <summary>How many requests may pass.</summary>
    public IReadOnlyList<LimitPolicy> Limits { get; init; } = [];

    /// <summary>Who can be asked by CUSTOM policies; part of the waypoint's settings.</summary>
    public IReadOnlyList<Authorizer> Authorizers { get; init; } = [];

    /// <summary>What is measured, logged and traced; null when nobody said anything. Goes into the waypoint's settings.</summary>
    public TelemetrySettings? Telemetry { get; init; }

    /// <summary>What could not be done, by object.</summary>
    public required IReadOnlyList<RoutingProblem> Problems { get; init; }
}

using System.Collections.Immutable;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Authorizers;
using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Configuration;

/// <summary>Everything that the control plane said, compiled. Immutable; swapped as a whole, a request keeps the one it began with.</summary>
internal sealed record WaypointConfiguration
{
    /// <summary>Nothing is served.</summary>
    public static WaypointConfiguration Empty { get; } = new();

    /// <summary>What holds for all services.</summary>
    public WaypointSettings Settings
    {
        get;
        init => (field, Authorizers) = (value, new AuthorizerSet(value.Authorizers));
    } = new();

    /// <summary>Who can be asked by CUSTOM policies.</summary>
    public AuthorizerSet Authorizers { get; private init; } = new([]);

    /// <summary>The services that are served.</summary>
    public ImmutableDictionary<NamespacedHostname, ServedService> Services { get; init; } = ImmutableDictionary<NamespacedHostname, ServedService>.Empty;

    /// <summary>What holds for workloads that are dialled by their own addresses: policies of the whole waypoint, and no routes.</summary>
    public ServedPort Workloads { get; init; } = DialledRoutes.Serve([], [], []);

    /// <summary>How hosts are reached.</summary>
    public ImmutableDictionary<NamespacedHostname, DestinationSettings> Destinations { get; init; } = ImmutableDictionary<NamespacedHostname, DestinationSettings>.Empty;

    /// <summary>Ports for clients outside the mesh, by number.</summary>
    public ImmutableDictionary<uint, EdgePortTable> Edges { get; init; } = ImmutableDictionary<uint, EdgePortTable>.Empty;

    /// <summary>Ports that are served.</summary>
    public int PortCount => Services.Values.Sum(static service => service.Ports.Count);

    /// <summary>The port of a service; null when it is not served here.</summary>
    public ServedPort? Find(NamespacedHostname service, ushort port) => Services.GetValueOrDefault(service)?.Find(port);

    /// <summary>Whether that names this waypoint.</summary>
    public bool IsNamed(GatewayAddress? waypoint, string network) => waypoint is not null
        && (waypoint.Hostname is { } name ? Settings.OwnNames.Contains(name.ToString())
            : waypoint.Address.Network == network && Settings.OwnNames.Contains(waypoint.Address.Address.ToString()));

    /// <summary>How a host is reached; null when nobody said.</summary>
    public DestinationSettings? FindDestination(NamespacedHostname service) => Destinations.GetValueOrDefault(service);
}

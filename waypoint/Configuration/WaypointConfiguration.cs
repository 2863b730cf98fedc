using System.Collections.Immutable;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Authorizers;

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

    /// <summary>How hosts are reached.</summary>
    public ImmutableDictionary<NamespacedHostname, DestinationSettings> Destinations { get; init; } = ImmutableDictionary<NamespacedHostname, DestinationSettings>.Empty;

    /// <summary>Ports that are served.</summary>
    public int PortCount => Services.Values.Sum(static service => service.Ports.Count);

    /// <summary>The port of a service; null when it is not served here.</summary>
    public ServedPort? Find(NamespacedHostname service, ushort port) => Services.GetValueOrDefault(service)?.Find(port);

    /// <summary>How a host is reached; null when nobody said.</summary>
    public DestinationSettings? FindDestination(NamespacedHostname service) => Destinations.GetValueOrDefault(service);
}

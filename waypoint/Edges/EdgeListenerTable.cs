using Ambient.Mesh.Services;
using Ambient.Waypoint.Configuration;

namespace Ambient.Waypoint.Edges;

/// <summary>A listener of an edge port, compiled. Immutable.</summary>
internal sealed record EdgeListenerTable
{
    /// <summary>Its name in logs.</summary>
    public required string Name { get; init; }

    /// <summary>Its port.</summary>
    public required ushort Port { get; init; }

    /// <summary>Why it cannot be used; null: it can.</summary>
    public string? Broken { get; init; }

    /// <summary>How TLS ends here; null: it does not.</summary>
    public EdgeTermination? Tls { get; init; }

    /// <summary>The routes of connections; null: there are requests inside.</summary>
    public NamespacedHostname? Connections { get; init; }

    /// <summary>Routes by the host of requests.</summary>
    public required HostTable<EdgeRoutes> Hosts { get; init; }

    /// <summary>The routes of a request; null when nobody knows the host.</summary>
    public ServedPort? Find(WaypointConfiguration configuration, ReadOnlySpan<char> authority) =>
        Hosts.Find(HostTable<EdgeRoutes>.HostOf(authority)) is { } routes ? configuration.Find(routes.Service, Port) : null;
}

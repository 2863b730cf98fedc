using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>A service of any origin under one host name. Immutable.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">The name of the Service or ServiceEntry.</param>
/// <param name="Hostname">Its host name.</param>
/// <param name="IsEntry">Whether it is of a ServiceEntry.</param>
/// <param name="Ports">Its ports.</param>
public sealed record RoutedService(string Namespace, string Name, string Hostname, bool IsEntry, IReadOnlyList<RoutedPort> Ports)
{
    /// <summary>What certificates of its endpoints say, where rules do not say it (ServiceEntries).</summary>
    public IReadOnlyList<string> SubjectAltNames { get; init; } = [];

    /// <summary>How its endpoints are found, as ServiceEntries say it; empty for Services.</summary>
    public string Resolution { get; init; } = "";

    /// <summary>Whether it is outside of the mesh.</summary>
    public bool IsExternal { get; init; }

    /// <summary>Whether connections to all addresses of its name are raced.</summary>
    public bool Races { get; init; }

    /// <summary>Whether it has ranges of addresses.</summary>
    public bool HasRange { get; init; }

    /// <summary>Whether requests from outside go through its waypoint.</summary>
    public bool IngressUsesWaypoint { get; init; }

    /// <summary>The name of its resources.</summary>
    public string ResourceName => $"{Namespace}/{Hostname}";

    /// <summary>One of its ports as a destination, with what its endpoints speak.</summary>
    public Destination At(uint port)
    {
        PortProtocol? protocol = Ports.FirstOrDefault(candidate => candidate.Number == port)?.Protocol;
        return new Destination
        {
            Namespace = Namespace,
            Hostname = Hostname,
            Port = port,
            Http2 = protocol == PortProtocol.Http2,
            ClientProtocol = protocol == PortProtocol.Detect,
        };
    }
}

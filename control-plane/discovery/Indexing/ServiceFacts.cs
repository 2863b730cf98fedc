using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>A service of any origin under one host name. Immutable.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">The name of its object.</param>
/// <param name="Hostname">Its host name.</param>
/// <param name="IsEntry">Whether the object is a ServiceEntry.</param>
/// <param name="Ports">Its ports.</param>
/// <param name="Waypoints">The Gateways whose waypoints serve it: the first, the second that it tries, and those that did until a moment ago.</param>
public sealed record ServiceFacts(string Namespace, string Name, string Hostname, bool IsEntry, IReadOnlyList<PortFacts> Ports, IReadOnlyList<ResourceKey> Waypoints)
{
    /// <summary>The Gateway that its labels name, or those of its namespace, whether it serves or not; null: none.</summary>
    public ResourceKey? Named { get; init; }

    /// <summary>How its endpoints are found (ServiceEntries): NONE, STATIC, DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS; empty for Services.</summary>
    public string Resolution { get; init; } = "";

    /// <summary>Whether it is outside of the mesh (ServiceEntries).</summary>
    public bool IsExternal { get; init; }

    /// <summary>Whether connections to all addresses of its name are to be raced (<c>istio.io/connect-strategy</c>).</summary>
    public bool Races { get; init; }

    /// <summary>Whether requests from outside go through its waypoint: what it says itself counts before what its namespace says.</summary>
    public bool IngressUsesWaypoint { get; init; }

    /// <summary>Whether it has ranges of addresses (ServiceEntries).</summary>
    public bool HasRange { get; init; }

    /// <summary>What certificates of its endpoints say (ServiceEntries).</summary>
    public IReadOnlyList<string> SubjectAltNames { get; init; } = [];
}

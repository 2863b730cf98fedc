namespace Ambient.ControlPlane.Settings;

/// <summary>What the controllers are told. Immutable.</summary>
public sealed record ControllerSettings
{
    /// <summary>Our name among replicas.</summary>
    public string Identity { get; init; } = Environment.MachineName;

    /// <summary>Whether replicas elect one that writes; without, this one writes.</summary>
    public bool Elects { get; init; } = true;

    /// <summary>The ConfigMap of the roots.</summary>
    public string RootMap { get; init; } = "istio-ca-root-cert";

    /// <summary>The ConfigMap of revocation lists.</summary>
    public string RevocationMap { get; init; } = "istio-ca-crl";

    /// <summary>Whether conditions are written.</summary>
    public bool WritesStatus { get; init; } = true;

    /// <summary>Whether ServiceEntries get addresses.</summary>
    public bool Allocates { get; init; } = true;

    /// <summary>The pool of IPv4 addresses.</summary>
    public string Ipv4Pool { get; init; } = "240.240.0.0/16";

    /// <summary>The pool of IPv6 addresses.</summary>
    public string Ipv6Pool { get; init; } = "2001:2::/48";

    /// <summary>Whether Gateways get workloads.</summary>
    public bool Deploys { get; init; } = true;

    /// <summary>Whether what is made for Gateways has their labels and annotations.</summary>
    public bool CopiesToObjects { get; init; } = true;

    /// <summary>Whether Gateways get a status.</summary>
    public bool WritesGatewayStatus { get; init; } = true;

    /// <summary>Whether the classes of Gateways are made.</summary>
    public bool MakesClasses { get; init; } = true;

    /// <summary>What waypoints run.</summary>
    public string WaypointImage { get; init; } = "ambient/waypoint:latest";

    /// <summary>When their image is pulled.</summary>
    public string PullPolicy { get; init; } = "IfNotPresent";

    /// <summary>A file in place of the built-in template; null: none.</summary>
    public string? WaypointTemplate { get; init; }
}

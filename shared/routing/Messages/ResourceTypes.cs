namespace Ambient.Routing.Messages;

/// <summary>
/// The types of what the control plane compiles for waypoints, in the order in which they are told: what others refer to comes first. Each name begins with the
/// Gateway that the resource is for, <c>namespace/gateway/</c>.
/// </summary>
public static class ResourceTypes
{
    /// <summary>
    /// That a waypoint is told only of the services and workloads that it needs; one of the name <c>namespace/gateway/needs</c>, an empty message. What it needs is known where it is told. Without it
    /// a waypoint is told of everything.
    /// </summary>
    public const string Needs = "type.googleapis.com/ambient.l7.v1.Needs";

    /// <summary>What holds for a waypoint as a whole; one of the name <c>namespace/gateway/settings</c>.</summary>
    public const string Settings = "type.googleapis.com/ambient.l7.v1.WaypointSettings";

    /// <summary>Whose tokens count; named by the RequestAuthentication.</summary>
    public const string Tokens = "type.googleapis.com/ambient.l7.v1.TokenPolicy";

    /// <summary>Who may do what; named by the AuthorizationPolicy.</summary>
    public const string Access = "type.googleapis.com/ambient.l7.v1.AccessPolicy";

    /// <summary>How many requests may pass; named by the LocalRateLimit.</summary>
    public const string Limits = "type.googleapis.com/ambient.l7.v1.LimitPolicy";

    /// <summary>How hosts are reached; named by the service, <c>namespace/hostname</c>.</summary>
    public const string Destinations = "type.googleapis.com/ambient.l7.v1.DestinationSettings";

    /// <summary>The routes of the services that the waypoint serves; named by the service.</summary>
    public const string Routes = "type.googleapis.com/ambient.l7.v1.ServiceRoutes";

    /// <summary>Certificates of edge ports; named <c>credential/name</c>. Never logged, dumped or kept on disk.</summary>
    public const string EdgeCredentials = "type.googleapis.com/ambient.l7.v1.EdgeCredential";

    /// <summary>Ports for clients outside the mesh; named <c>port/number</c>.</summary>
    public const string EdgePorts = "type.googleapis.com/ambient.l7.v1.EdgePort";

    /// <summary>All of them, in order.</summary>
    public static IReadOnlyList<string> All { get; } = [Needs, Settings, Tokens, Access, Limits, Destinations, Routes, EdgeCredentials, EdgePorts];
}

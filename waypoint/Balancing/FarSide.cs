using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Balancing;

/// <summary>What is asked for on another network, behind a gateway: a tunnel within the tunnel to the gateway (control-plane reference 9.11). Immutable, compared by value.</summary>
/// <param name="Authority">Of both CONNECTs: the service's host name and port.</param>
/// <param name="Gateway">One of these the gateway must be.</param>
/// <param name="Members">One of these must be at the far end; nobody is accepted when there is none.</param>
/// <param name="IsWaypoint">Whether the far end is the service's waypoint there, and no endpoint.</param>
internal sealed record FarSide(string Authority, IdentitySet Gateway, IdentitySet Members, bool IsWaypoint);

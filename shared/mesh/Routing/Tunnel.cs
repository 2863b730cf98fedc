using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Mesh.Routing;

/// <summary>HBONE to a workload or to a waypoint. Immutable.</summary>
/// <param name="Dial">Where the TLS connection goes.</param>
/// <param name="Authority">The CONNECT's authority.</param>
/// <param name="ExpectedIdentities">One of these the peer must show.</param>
/// <param name="ViaWaypoint">Whether the peer is a waypoint.</param>
public sealed record Tunnel(IpPort Dial, string Authority, IdentitySet ExpectedIdentities, bool ViaWaypoint) : Destination;

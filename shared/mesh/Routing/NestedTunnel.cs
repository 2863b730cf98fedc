using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Mesh.Routing;

/// <summary>HBONE inside HBONE, through the gateway of another network (ztunnel.md 2.9). Immutable.</summary>
/// <param name="Dial">The gateway.</param>
/// <param name="Authority">The authority of both CONNECTs: hostname and dialled port.</param>
/// <param name="GatewayIdentities">One of these the gateway must show.</param>
/// <param name="InnerIdentities">One of these the far end must show; with none the inner handshake always fails.</param>
/// <param name="ViaWaypoint">Whether the far end is a waypoint.</param>
public sealed record NestedTunnel(IpPort Dial, string Authority, IdentitySet GatewayIdentities, IdentitySet InnerIdentities, bool ViaWaypoint) : Destination;

using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tunnels;

/// <summary>What connections have in common that can stand in for each other. Immutable.</summary>
/// <param name="Destination">Whose limits they count against.</param>
/// <param name="Endpoint">Where they lead.</param>
/// <param name="IsHttp2">What they speak.</param>
/// <param name="Preface">The client that they are for; null for any.</param>
/// <param name="Tls">How they are encrypted; null: they are not.</param>
internal readonly record struct PoolOf(DestinationState Destination, EndpointKey Endpoint, bool IsHttp2, ProxyPreface? Preface, TlsUse? Tls = null);

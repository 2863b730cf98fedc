using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Mesh.Policies;

/// <summary>What policies are asked about. Immutable.</summary>
/// <param name="Source">The peer's address and port.</param>
/// <param name="Destination">The pod's address and the port that the application listens on.</param>
/// <param name="Peer">The peer's verified identity; null for plain connections.</param>
/// <param name="Network">The network of the connection; not compared.</param>
public readonly record struct ConnectionFacts(IpPort Source, IpPort Destination, SpiffeId? Peer, string Network);

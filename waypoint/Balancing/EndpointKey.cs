using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Balancing;

/// <summary>Where an endpoint is and how it is reached. Immutable.</summary>
/// <param name="Address">Address and port of the application.</param>
/// <param name="Identity">Who must be there; null for plain TCP.</param>
internal sealed record EndpointKey(IpPort Address, SpiffeId? Identity);

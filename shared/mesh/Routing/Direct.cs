using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Routing;

/// <summary>Plain TCP. Immutable.</summary>
/// <param name="Dial">Where the connection goes.</param>
public sealed record Direct(IpPort Dial) : Destination;

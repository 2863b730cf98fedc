using Ambient.Mesh.Services;

namespace Ambient.Waypoint.Edges;

/// <summary>The name of routes. Immutable.</summary>
/// <param name="Service">As whose they are compiled.</param>
internal sealed record EdgeRoutes(NamespacedHostname Service);

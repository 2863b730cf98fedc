namespace Ambient.Mesh.Services;

/// <summary>One of several waypoints of a Service. Immutable.</summary>
/// <param name="Destination">The waypoint.</param>
/// <param name="Weight">Its share; 0 is never chosen.</param>
public sealed record WeightedWaypoint(GatewayAddress Destination, uint Weight);

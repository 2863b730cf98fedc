namespace Ambient.Ztunnel.Observation;

/// <summary>A key with its counters on one loop; all connections between the same two share one. Loop-affine.</summary>
/// <param name="Key">Who talks to whom.</param>
/// <param name="Series">The counters of its labels.</param>
public sealed record TrafficRoute(TrafficKey Key, TrafficSeries Series);

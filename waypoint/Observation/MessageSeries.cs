using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation;

/// <summary>The cells for gRPC messages between two peers; null where the metric is switched off. Loop-affine.</summary>
internal sealed record MessageSeries(CounterCell? Requests, CounterCell? Responses);

using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation;

/// <summary>The cells that one kind of connection without HTTP adds to; null where the metric is switched off. Loop-affine.</summary>
internal sealed record ConnectionSeries(CounterCell? Opened, CounterCell? Closed, CounterCell? Sent, CounterCell? Received);

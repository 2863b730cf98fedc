using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation;

/// <summary>The cells that one kind of request adds to; null where the metric is switched off. Loop-affine.</summary>
internal sealed record RequestSeries(CounterCell? Requests, HistogramCell? Duration, HistogramCell? RequestBytes, HistogramCell? ResponseBytes);

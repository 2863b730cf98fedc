using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation;

/// <summary>The series that one kind of request adds to. Loop-affine for the counter.</summary>
internal sealed record RequestSeries(CounterCell Requests, HistogramSeries Duration, HistogramSeries RequestBytes, HistogramSeries ResponseBytes);

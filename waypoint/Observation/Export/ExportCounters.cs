using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>What became of spans and log records of one provider. Thread-safe.</summary>
internal sealed class ExportCounters(string provider, MetricFamily items)
{
    public string Provider => provider;

    public MetricSeries Sent { get; } = items.With(provider, "sent");

    public MetricSeries Failed { get; } = items.With(provider, "failed");

    public MetricSeries Dropped { get; } = items.With(provider, "dropped");
}

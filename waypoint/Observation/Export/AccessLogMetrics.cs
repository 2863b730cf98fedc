using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>What became of the lines of access logs. Thread-safe.</summary>
internal sealed class AccessLogMetrics(Func<((long Written, long Dropped) Output, (long Written, long Dropped) Error)> lines) : IMetricCollector
{
    private static readonly string[] Names = ["outcome"];
    private static readonly MetricLabels Written = MetricLabels.Of(Names, "written");
    private static readonly MetricLabels Dropped = MetricLabels.Of(Names, "dropped");

    /// <inheritdoc/>
    public void Collect(ExpositionWriter writer)
    {
        ((long Written, long Dropped) output, (long Written, long Dropped) error) = lines();
        writer.Family("ambient_waypoint_access_log_lines", MetricKind.Counter, "Lines of access logs, by what became of them.");
        writer.Sample(Written, output.Written + error.Written);
        writer.Sample(Dropped, output.Dropped + error.Dropped);
    }
}

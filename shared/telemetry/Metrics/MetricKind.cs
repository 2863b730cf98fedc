namespace Ambient.Telemetry.Metrics;

/// <summary>The type of a metric family in the exposition.</summary>
public enum MetricKind
{
    /// <summary>Only rises; its samples carry <c>_total</c>.</summary>
    Counter,

    /// <summary>Rises and falls.</summary>
    Gauge,

    /// <summary>Observations in buckets.</summary>
    Histogram,
}

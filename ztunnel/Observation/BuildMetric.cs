using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Observation;

/// <summary>The gauge <c>istio_build</c> (ztunnel.md 10.3).</summary>
public static class BuildMetric
{
    /// <summary>Adds the gauge; <paramref name="tag"/> is the mesh version, <c>unknown</c> when nobody said.</summary>
    public static void Add(MetricRegistry registry, string tag)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry.AddGauge("istio_build", "Istio component build info.", "component", "tag").With("ztunnel", tag).Set(1);
    }
}

using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Pods;

/// <summary>Counts of the pods' proxies (ztunnel.md 10.3, shared mode). Thread-safe.</summary>
public sealed class PodMetrics
{
    /// <summary>Adds the families to the registry.</summary>
    public PodMetrics(MetricRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        Active = registry.AddGauge("workload_manager_active_proxy_count", "Pods whose proxy runs (unstable).").With();
        Pending = registry.AddGauge("workload_manager_pending_proxy_count", "Pods that wait for their proxy to start (unstable).").With();
        Started = registry.AddCounter("workload_manager_proxies_started", "Proxies of pods started so far (unstable).").With();
        Stopped = registry.AddCounter("workload_manager_proxies_stopped", "Proxies of pods stopped so far (unstable).").With();
    }

    /// <summary>Proxies that run.</summary>
    public MetricSeries Active { get; }

    /// <summary>Pods that wait for a retry.</summary>
    public MetricSeries Pending { get; }

    /// <summary>Proxies started so far.</summary>
    public MetricSeries Started { get; }

    /// <summary>Proxies stopped so far.</summary>
    public MetricSeries Stopped { get; }
}

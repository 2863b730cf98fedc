using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Pods;

/// <summary>Counts of the pods' proxies (ztunnel.md 10.3, shared mode). Thread-safe.</summary>
public sealed class PodMetrics
{
    /// <summary>Adds the families to the registry.</summary>
    public PodMetrics(MetricRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        Active = registry.AddGauge("workload_manager_active_proxy_count", "The total number current workloads with active proxies").With();
        Pending = registry.AddGauge("workload_manager_pending_proxy_count", "The total number current workloads with pending proxies").With();
        Started = registry.AddCounter("workload_manager_proxies_started", "The total number of proxies that were started").With();
        Stopped = registry.AddCounter("workload_manager_proxies_stopped", "The total number of proxies that were stopped").With();
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

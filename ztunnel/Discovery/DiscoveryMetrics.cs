using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Discovery;

/// <summary>Counts of the xDS client (ztunnel reference section 10.3). Thread-safe.</summary>
public sealed class DiscoveryMetrics
{
    /// <summary>Adds the families to the registry.</summary>
    public DiscoveryMetrics(MetricRegistry registry)
    {
        Terminations = registry.AddCounter("istio_xds_connection_terminations", "Streams to the control plane that ended, by reason.", "reason");
        Messages = registry.AddCounter("istio_xds_message", "Responses of the control plane, by type.", "url");
        MessageBytes = registry.AddCounter("istio_xds_message_bytes", "Bytes of resources from the control plane, by type.", "url");
    }

    /// <summary>Streams that ended.</summary>
    public MetricFamily Terminations { get; }

    /// <summary>Responses.</summary>
    public MetricFamily Messages { get; }

    /// <summary>Bytes of resources.</summary>
    public MetricFamily MessageBytes { get; }
}

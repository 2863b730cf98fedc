using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;
using Ambient.Cni.Agent.Zds;
using Ambient.Telemetry.Metrics;

namespace Ambient.Cni.Agent.Operators;

/// <summary>The agent's metrics (cni-and-redirection.md 4.10, and those that are missing there). Thread-safe.</summary>
public sealed class AgentMetrics : IMetricCollector
{
    private readonly AgentLoop _loop;

    /// <summary>Registers everything.</summary>
    public AgentMetrics(MetricRegistry registry, AgentLoop loop)
    {
        ArgumentNullException.ThrowIfNull(registry);
        _loop = loop;
        PluginRequests = registry.AddCounter("istio_cni_plugin_requests", "Requests of the CNI plugin by HTTP status.", "response_code");
        Installs = registry.AddCounter("istio_cni_installs", "Installations of the CNI configuration by outcome.", "result");
        InstallReady = registry.AddGauge("istio_cni_install_ready", "Whether the CNI configuration is as it should be.");
        registry.Add(this);
    }

    /// <summary>Requests of the plugin.</summary>
    public MetricFamily PluginRequests { get; }

    /// <summary>Installations.</summary>
    public MetricFamily Installs { get; }

    /// <summary>Whether the configuration is in place.</summary>
    public MetricFamily InstallReady { get; }

    /// <inheritdoc/>
    public void Collect(ExpositionWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Family("ztunnel_connected", MetricKind.Gauge, "Connected ztunnels.");
        writer.Sample(MetricLabels.None, _loop.Ztunnels);
        IReadOnlyList<PodView> pods = _loop.Pods;
        writer.Family("ambient_agent_pods", MetricKind.Gauge, "Pods of this node by where they stand: enrolled, pending, leaving, outside.");
        foreach ((string state, int count) in new[]
        {
            ("enrolled", pods.Count(p => p.IsWanted && p.IsProven && p.Proxy == ZdsPodState.Served)),
            ("pending", pods.Count(p => p.IsWanted && !(p.IsProven && p.Proxy == ZdsPodState.Served))),
            ("leaving", pods.Count(p => !p.IsWanted && p.IsRemembered)),
            ("outside", pods.Count(p => !p.IsWanted && !p.IsRemembered)),
        })
        {
            writer.Sample(MetricLabels.Of(["state"], state), count);
        }

        writer.Family("ambient_agent_guarded_pods", MetricKind.Gauge, "Pods whose traffic is held back until they are proven.");
        writer.Sample(MetricLabels.None, pods.Count(p => p.Guard == GuardState.Raised));
        writer.Family("ambient_agent_frames_kept", MetricKind.Gauge, "Whether the kernel keeps frames that programs make themselves in their pods (Linux 5.16); 1 until it has said no.");
        writer.Sample(MetricLabels.None, Redirection.PodRedirection.KeepsFrames ? 1 : 0);
        writer.Family("ambient_agent_refused_pods", MetricKind.Gauge, "Pods that ztunnel refuses to serve.");
        writer.Sample(MetricLabels.None, pods.Count(p => p.Proxy == ZdsPodState.Refused));
    }
}

using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.ControlPlane.Clusters;

/// <summary>Logs what becomes of other clusters, and counts it. Thread-safe.</summary>
internal sealed class LoggedClusters(MetricRegistry registry, Logger log) : RemoteClusterObserver
{
    private readonly MetricSeries _late = registry.AddCounter("remote_cluster_sync_timeouts_total", "Clusters that were not known when serving began.").With();
    private readonly MetricSeries _refused = registry.AddCounter("ambient_remote_kubeconfigs_refused", "Kubeconfigs of other clusters that cannot be used.").With();

    public override void OnRefused(string secret, string key, string problem)
    {
        _refused.Increment();
        log.Warn("a remote cluster's Secret cannot be used; what was there before goes on", LogField.Of("secret", secret), LogField.Of("key", key), LogField.Of("problem", problem));
    }

    public override void OnConnecting(string cluster, string secret) => log.Info("connecting to a remote cluster", LogField.Of("cluster", cluster), LogField.Of("secret", secret));

    public override void OnJoined(string cluster) => log.Info("a remote cluster is part of the mesh", LogField.Of("cluster", cluster));

    public override void OnRemoved(string cluster) => log.Info("a remote cluster is no longer part of the mesh", LogField.Of("cluster", cluster));

    public override void OnLate(string cluster)
    {
        _late.Increment();
        log.Warn("a remote cluster is not known yet; serving begins without it", LogField.Of("cluster", cluster));
    }

    public override void OnUnlabelled(string cluster) =>
        log.Warn("a remote cluster does not say which network it is in", LogField.Of("cluster", cluster), LogField.Of("problem", RemoteClusterStatus.Unlabelled));

    public override void OnFailed(string cluster, string problem) =>
        log.Error("following a remote cluster failed; it begins again", LogField.Of("cluster", cluster), LogField.Of("error", problem));
}

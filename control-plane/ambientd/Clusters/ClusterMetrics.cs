using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Telemetry.Metrics;

namespace Ambient.ControlPlane.Clusters;

/// <summary>How many clusters there are, and how the others are doing. Thread-safe.</summary>
internal sealed class ClusterMetrics(RemoteClusters clusters) : IMetricCollector
{
    public void Collect(ExpositionWriter writer)
    {
        IReadOnlyList<RemoteClusterStatus> all = clusters.Statuses;
        writer.Family("istiod_managed_clusters", MetricKind.Gauge, "Clusters of the mesh that this control plane follows.");
        writer.Sample(MetricLabels.Of(["cluster_type"], "local"), 1);
        writer.Sample(MetricLabels.Of(["cluster_type"], "remote"), all.Count);
        writer.Family("ambient_remote_cluster_synced", MetricKind.Gauge, "Whether a remote cluster is part of the mesh.");
        foreach (RemoteClusterStatus one in all)
        {
            writer.Sample(MetricLabels.Of(["cluster"], one.Id), one.State == "synced" ? 1 : 0);
        }

        writer.Family("ambient_remote_cluster_troubled", MetricKind.Gauge, "Whether something of a remote cluster is not up to date at the moment.");
        foreach (RemoteClusterStatus one in all)
        {
            writer.Sample(MetricLabels.Of(["cluster"], one.Id), one.Problem is null ? 0 : 1);
        }

        writer.Family("ambient_remote_cluster_workloads", MetricKind.Gauge, "Workloads of a remote cluster.");
        foreach (RemoteClusterStatus one in all)
        {
            writer.Sample(MetricLabels.Of(["cluster"], one.Id), one.Workloads);
        }
    }
}

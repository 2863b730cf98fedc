using System.Diagnostics.CodeAnalysis;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Kubernetes.Connections;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Clusters;

/// <summary>Connects to other clusters' API servers by kubeconfigs that come from Secrets. Thread-safe.</summary>
/// <remarks>
/// Whoever may write such a Secret must not thereby run programs in the control plane, read its files, or lead it to a server that it cannot verify: exec plugins,
/// file names and insecure-skip-tls-verify are refused (control-plane reference 9.2; istiod does the same unless it is told otherwise).
/// </remarks>
internal sealed class ClusterConnector(ClusterBook book, IReadOnlyList<string> audiences, TimeProvider clock, LogHub logs) : IClusterConnector
{
    public bool TryConnect(string cluster, string kubeconfig, [NotNullWhen(true)] out IClusterConnection? connection, [NotNullWhen(false)] out string? error)
    {
        connection = KubeConfig.Parse(kubeconfig, KubeConfigOptions.Foreign, clock, out error) is { } parsed ? new ClusterApi(cluster, parsed, book, audiences, clock, logs) : null;
        return connection is not null;
    }
}

using System.Diagnostics.CodeAnalysis;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>Makes connections to other clusters. Thread-safe.</summary>
public interface IClusterConnector
{
    /// <summary>A connection by a kubeconfig that comes from elsewhere; what is wrong with it names the field and no secret. Does not wait for the cluster.</summary>
    bool TryConnect(string cluster, string kubeconfig, [NotNullWhen(true)] out IClusterConnection? connection, [NotNullWhen(false)] out string? error);
}

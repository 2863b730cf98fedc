using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>A remote cluster as it is wanted and as it is. Used under the lock of <see cref="RemoteClusters"/>.</summary>
internal sealed class RemoteEntry
{
    /// <summary>The Secret that speaks for it.</summary>
    internal required ResourceKey Secret { get; set; }

    /// <summary>The kubeconfig that was looked at last.</summary>
    internal byte[] Kubeconfig { get; set; } = [];

    /// <summary>The connection that speaks for it; null while none is known whole.</summary>
    internal RemoteLink? Current { get; set; }

    /// <summary>The one that takes its place once it knows all.</summary>
    internal RemoteLink? Next { get; set; }

    /// <summary>What is wrong with the kubeconfig.</summary>
    internal string? Problem { get; set; }

    /// <summary>Whether nobody waits for it any more.</summary>
    internal bool IsLate { get; set; }

    /// <summary>Whether its network is not named, as far as that was said.</summary>
    internal bool IsUnlabelled { get; set; }

    /// <summary>Whether the beginning need not wait for it.</summary>
    internal bool IsSettled => Current is not null || Next is null;

    internal string State => Current is not null ? "synced" : Next is null ? "refused" : IsLate ? "timeout" : "syncing";
}

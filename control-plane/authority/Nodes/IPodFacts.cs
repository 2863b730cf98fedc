namespace Ambient.ControlPlane.Authority.Nodes;

/// <summary>The pods of all known clusters, as their API servers say. Thread-safe.</summary>
public interface IPodFacts
{
    /// <summary>A pod; null when there is none, or the cluster is unknown.</summary>
    PodFact? Find(string cluster, string @namespace, string name);

    /// <summary>Whether a node of a cluster has a pod of an account that has not failed.</summary>
    bool HasAccount(string cluster, string node, string @namespace, string serviceAccount);

    /// <summary>Waits until it has; false when that was cancelled before, or the cluster is unknown.</summary>
    Task<bool> WaitForAccountAsync(string cluster, string node, string @namespace, string serviceAccount, CancellationToken cancellation);
}

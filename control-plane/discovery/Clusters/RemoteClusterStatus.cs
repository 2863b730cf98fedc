namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>How a remote cluster is doing. Immutable.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Secret">The Secret that it comes from, <c>namespace/name</c>.</param>
/// <param name="State"><c>synced</c>, <c>syncing</c>, <c>timeout</c> (still syncing, nobody waits for it) or <c>refused</c> (no usable kubeconfig yet).</param>
/// <param name="Problem">What is wrong; null: nothing.</param>
/// <param name="Network">Its network, once known.</param>
/// <param name="Services">How many services it has.</param>
/// <param name="Workloads">How many workloads it has.</param>
public sealed record RemoteClusterStatus(string Id, string Secret, string State, string? Problem, string Network, int Services, int Workloads)
{
    /// <summary>What is to be said about a cluster whose network has no name.</summary>
    public const string Unlabelled = "its network has no name (label topology.istio.io/network of the control plane's namespace there): its addresses count as those of every other cluster without one";

    /// <summary>What works and should be looked at all the same; null: nothing.</summary>
    public string? Warning { get; init; }
}

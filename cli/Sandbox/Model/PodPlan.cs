namespace Ambient.Cli.Sandbox.Model;

/// <summary>A pod of the sandbox as the mesh knows it. Immutable.</summary>
/// <param name="Name">Its name, unique in the sandbox.</param>
/// <param name="Namespace">Its Kubernetes-style namespace.</param>
/// <param name="ServiceAccount">Its service account.</param>
/// <param name="Node">The node it runs on.</param>
internal sealed record PodPlan(string Name, string Namespace, string ServiceAccount, string Node)
{
    /// <summary>Whether it is captured; a pod outside the mesh is known as a plain TCP workload.</summary>
    public bool IsMeshed { get; init; } = true;

    /// <summary>The services it stands behind, with the port its application listens on.</summary>
    public IReadOnlyList<ServicePort> Services { get; init; } = [];

    /// <summary>Identifies it towards ztunnel and in the model.</summary>
    public string Uid => $"Kubernetes//Pod/{Namespace}/{Name}";

    /// <summary>Its SPIFFE identity.</summary>
    public string Identity => $"spiffe://cluster.local/ns/{Namespace}/sa/{ServiceAccount}";
}

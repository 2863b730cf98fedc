using Ambient.Linux.Namespaces;

namespace Ambient.Ztunnel.Pods;

/// <summary>
/// A pod that shall get a proxy. The name, namespace and service account are what the node agent said, and null when it said
/// nothing (the workload is then found by its addresses). Immutable.
/// </summary>
/// <param name="Uid">Opaque identity of the pod.</param>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="ServiceAccount">Service account.</param>
/// <param name="Network">
/// The pod's network namespace, or null for the process' own. It stays owned by whoever called the factory, and is kept open
/// until the proxy has completed.
/// </param>
public sealed record PodSpec(string Uid, string? Name, string? Namespace, string? ServiceAccount, NetworkNamespace? Network)
{
    /// <summary>The mark of the proxy's packets; 0 leaves it to the settings. A secret of the pod, never logged.</summary>
    public uint Mark { get; init; }

    /// <inheritdoc/>
    public override string ToString() => "pod " + Uid;
}

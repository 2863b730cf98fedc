using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Zds;

/// <summary>A pod as ztunnels are told of it. Immutable; whoever holds it owns the namespace.</summary>
/// <param name="Uid">Opaque identity, the pod's UID.</param>
/// <param name="Generation">Rises whenever the pod gets another namespace; proofs of an older one count for nothing.</param>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="ServiceAccount">Service account.</param>
/// <param name="Network">The namespace; null while it is being looked for, then a ztunnel that has the pod is told to keep it.</param>
public sealed record ZdsPod(string Uid, long Generation, string Name, string Namespace, string ServiceAccount, NetworkNamespace? Network)
{
    /// <summary>The packet mark that its proxy is to use, if it can; 0 for none. A secret, never logged.</summary>
    public uint Mark { get; init; }

    /// <inheritdoc/>
    public override string ToString() => "pod " + Uid;
}

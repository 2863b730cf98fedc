using System.Net;

namespace Ambient.Cni.Agent.Pods;

/// <summary>What the agent wrote down about a pod before it touched its kernel: survives the agent, not the node. Immutable.</summary>
/// <param name="Uid">The pod's UID.</param>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="ServiceAccount">Service account.</param>
/// <param name="Addresses">The pod's addresses.</param>
/// <param name="Annotations">Those of its annotations that its rules depend on.</param>
/// <param name="Network">The namespace that was touched.</param>
public sealed record PodMemory(
    string Uid,
    string Name,
    string Namespace,
    string ServiceAccount,
    IReadOnlyList<IPAddress> Addresses,
    IReadOnlyDictionary<string, string> Annotations,
    NetworkIdentity Network)
{
    /// <summary>The secret mark that its rules know the proxy by; 0 when they know it by the well-known one.</summary>
    public uint Mark { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"memory of pod {Uid} in {Network}";
}

using System.Net;

namespace Ambient.Cni.Agent.Pods;

/// <summary>A pod's sandbox that the CNI plugin asks to be taken into the mesh. The namespace is open already. Immutable.</summary>
/// <param name="Id">Number of the request, for its answer.</param>
/// <param name="Uid">The pod's UID; empty when the runtime did not say.</param>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="Network">The sandbox's namespace.</param>
/// <param name="Addresses">Addresses that the chain before gave it.</param>
/// <param name="GuardRaised">Whether the plugin has raised the guard in it.</param>
/// <param name="Deadline">When the answer comes too late.</param>
public sealed record SandboxRequest(
    long Id,
    string Uid,
    string Name,
    string Namespace,
    NetworkIdentity Network,
    IReadOnlyList<IPAddress> Addresses,
    bool GuardRaised,
    TimeSpan Deadline)
{
    /// <summary>What is known of the pod and its namespace is as new as this request.</summary>
    public bool IsConfirmed { get; init; }
}

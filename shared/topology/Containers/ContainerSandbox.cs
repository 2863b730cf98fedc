namespace Ambient.Topology.Containers;

/// <summary>A pod's sandbox as a container runtime names it to CNI. Immutable.</summary>
/// <param name="Id">The sandbox; letters, digits, dots and dashes.</param>
/// <param name="NetworkPath">Path of its network namespace.</param>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="Uid">The pod's UID.</param>
public sealed record ContainerSandbox(string Id, string NetworkPath, string Name, string Namespace, string Uid);

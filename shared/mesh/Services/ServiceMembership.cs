namespace Ambient.Mesh.Services;

/// <summary>A workload's statement that it is an endpoint of a Service. Immutable.</summary>
/// <param name="Service">The Service.</param>
/// <param name="Ports">The workload's own mapping of service ports; named ports need it.</param>
public readonly record struct ServiceMembership(NamespacedHostname Service, PortMap Ports);

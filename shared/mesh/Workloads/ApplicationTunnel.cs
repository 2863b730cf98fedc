namespace Ambient.Mesh.Workloads;

/// <summary>A workload that takes traffic for others at one port, such as a waypoint (ztunnel.md 3.9). Immutable.</summary>
/// <param name="Protocol">What the application is told first.</param>
/// <param name="Port">The port that replaces the dialled one; 0 for none.</param>
public sealed record ApplicationTunnel(ApplicationTunnelProtocol Protocol, ushort Port);

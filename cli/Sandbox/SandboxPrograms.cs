namespace Ambient.Cli.Sandbox;

/// <summary>Where the mesh's own programs are. Immutable.</summary>
/// <param name="Ztunnel">The node proxy.</param>
/// <param name="Agent">The node agent.</param>
/// <param name="Plugin">The CNI plugin.</param>
/// <param name="ControlPlane">The control plane.</param>
/// <param name="Waypoint">The L7 proxy.</param>
/// <param name="Bookshop">The sample application.</param>
internal sealed record SandboxPrograms(string Ztunnel, string Agent, string Plugin, string ControlPlane, string Waypoint, string Bookshop);

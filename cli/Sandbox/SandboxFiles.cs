using Ambient.Cli.Sandbox.Nodes;

namespace Ambient.Cli.Sandbox;

/// <summary>What both nodes share. Immutable.</summary>
/// <param name="Manifests">Folder with pods, namespaces and all else that an API server would hold.</param>
/// <param name="ControlPlane">Who tells ztunnels of the mesh and signs their certificates.</param>
internal sealed record SandboxFiles(string Manifests, ControlPlane ControlPlane);

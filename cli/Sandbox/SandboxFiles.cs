namespace Ambient.Cli.Sandbox;

/// <summary>Files that both nodes share. Immutable.</summary>
/// <param name="Model">What ztunnels know of the mesh.</param>
/// <param name="Manifests">Folder with pods and namespaces.</param>
/// <param name="Authority">Folder of the certificate authority.</param>
internal sealed record SandboxFiles(string Model, string Manifests, string Authority);

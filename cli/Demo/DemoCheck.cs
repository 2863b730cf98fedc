using Ambient.Cli.Sandbox;

namespace Ambient.Cli.Demo;

/// <summary>One promise of the mesh and how it is checked. Immutable.</summary>
/// <param name="Title">The promise, as a sentence.</param>
/// <param name="RunAsync">Does, looks and requires; throws when the promise is broken.</param>
internal sealed record DemoCheck(string Title, Func<SandboxMesh, CheckLog, CancellationToken, Task> RunAsync);

namespace Ambient.Cli.Meshes;

/// <summary>A resource that a proxy refuses. Immutable.</summary>
/// <param name="Client">The proxy's node id.</param>
/// <param name="Kind">What it is, such as <c>istio.security.Authorization</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">What the proxy says.</param>
internal sealed record RefusedResource(string Client, string Kind, string Name, string Reason);

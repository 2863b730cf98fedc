namespace Ambient.Mesh.Routing;

/// <summary>The control plane must be asked first (on-demand mode); then the decision is made again. Immutable.</summary>
/// <param name="ResourceName"><c>network/address</c>, a uid, or <c>namespace/hostname</c>.</param>
public sealed record NeedsResource(string ResourceName) : Destination;

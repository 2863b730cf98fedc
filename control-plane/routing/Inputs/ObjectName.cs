using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>An object of the routing APIs by its name. Immutable.</summary>
/// <param name="Kind">Such as <c>VirtualService</c>.</param>
/// <param name="Key">Namespace and name.</param>
public readonly record struct ObjectName(string Kind, ResourceKey Key);

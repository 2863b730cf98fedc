using System.Text.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>
/// An object of the routing APIs (VirtualService, HTTPRoute and so on). Its spec is kept as it was written: what compiles it names each field that it does not
/// understand, so none may be lost here. Immutable.
/// </summary>
public sealed record RoutingResource : Resource
{
    /// <summary><c>spec</c>.</summary>
    public JsonElement Spec { get; init; }

    /// <summary><c>status</c>.</summary>
    public JsonElement Status { get; init; }
}

using System.Text.Json;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>An object of the routing APIs with its spec as it was written, so that nothing in it is overlooked. Immutable.</summary>
/// <param name="Kind">Such as <c>VirtualService</c>.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Created">When it was made; the older one wins.</param>
/// <param name="Spec">Its spec.</param>
public sealed record RoutingObject(string Kind, string Namespace, string Name, DateTimeOffset Created, JsonElement Spec)
{
    /// <summary>Which version of its spec this is.</summary>
    public long Generation { get; init; }

    /// <summary>Kind, namespace and name, for messages.</summary>
    public override string ToString() => $"{Kind} {Namespace}/{Name}";
}

using Ambient.Mesh.Views;

namespace Ambient.Mesh.Routing;

/// <summary>Decides where an outbound connection goes (ztunnel.md 3.3 to 3.7). Pure.</summary>
public static class DestinationResolver
{
    /// <summary>The decision for one connection.</summary>
    public static Destination Resolve(MeshView view, in OutboundQuery query) => throw new NotSupportedException();
}

using Ambient.Mesh.Views;

namespace Ambient.Mesh.Routing;

/// <summary>Decides what becomes of a CONNECT, before policies (ztunnel.md 3.8 to 3.10). Pure.</summary>
public static class InboundResolver
{
    /// <summary>The decision for one CONNECT.</summary>
    public static InboundTarget Resolve(MeshView view, in InboundQuery query) => throw new NotSupportedException();
}

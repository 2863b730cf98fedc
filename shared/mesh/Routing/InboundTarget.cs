namespace Ambient.Mesh.Routing;

/// <summary>What becomes of a CONNECT: <see cref="InboundAccept"/>, <see cref="InboundRefuse"/> or <see cref="InboundNeedsResource"/>. Immutable.</summary>
public abstract record InboundTarget
{
    private protected InboundTarget()
    {
    }
}

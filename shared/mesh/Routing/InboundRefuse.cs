using Ambient.Mesh.Connections;

namespace Ambient.Mesh.Routing;

/// <summary>Not served. Immutable.</summary>
/// <param name="Status">The response's status.</param>
/// <param name="Reason">Why.</param>
/// <param name="Text">The error text.</param>
public sealed record InboundRefuse(int Status, CloseReason Reason, string Text) : InboundTarget;

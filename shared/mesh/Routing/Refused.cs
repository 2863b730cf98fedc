using Ambient.Mesh.Connections;

namespace Ambient.Mesh.Routing;

/// <summary>No connection. Immutable.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Text">The error text of ztunnel.md 3.14.</param>
public sealed record Refused(CloseReason Reason, string Text) : Destination;

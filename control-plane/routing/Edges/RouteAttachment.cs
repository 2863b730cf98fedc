using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>What becomes of one parent reference of a route at a Gateway. Immutable.</summary>
/// <param name="Route">The route.</param>
/// <param name="Parent">Which of its parentRefs, from 0.</param>
/// <param name="Reason">Why it is not accepted, such as <c>NotAllowedByListeners</c>; null: it is.</param>
/// <param name="Message">For people.</param>
public sealed record RouteAttachment(ObjectName Route, int Parent, string? Reason, string Message);

namespace Ambient.Routing.Routes;

/// <summary>Something that a request must have for a route to match, by which the route can be found. Immutable.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The header or parameter; empty for paths and authorities.</param>
/// <param name="Text">Its value.</param>
internal readonly record struct RouteKey(RouteKeyKind Kind, string Name, string Text);

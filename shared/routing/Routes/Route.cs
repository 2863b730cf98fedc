using Ambient.Routing.Actions;
using Ambient.Routing.Matching;

namespace Ambient.Routing.Routes;

/// <summary>One route: when it is taken and what it does. Immutable.</summary>
public sealed class Route
{
    internal Route(string name, RouteMatch match, RouteAction action)
    {
        Name = name;
        Match = match;
        Action = action;
    }

    /// <summary>In logs.</summary>
    public string Name { get; }

    /// <summary>What it does.</summary>
    public RouteAction Action { get; }

    /// <summary>The condition on the path, which prefix rewrites refer to.</summary>
    public PathMatcher Path => Match.Path;

    internal RouteMatch Match { get; }
}

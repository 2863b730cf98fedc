using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Routes;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>
/// The HTTP routes of a port while they are collected. The waypoint refuses a port with a route that it cannot execute, so each is tried here: one whose action cannot be
/// done answers 500, one whose condition cannot be evaluated is met by nobody, and its object says why. Used once.
/// </summary>
internal sealed class RouteTable(PortRoutes port, ProblemList problems)
{
    private readonly Dictionary<HttpAction, uint> _actions = new(ReferenceEqualityComparer.Instance);

    /// <summary>Adds a route behind all others.</summary>
    public void Add(CandidateRoute route)
    {
        PortRoutes alone = new() { Port = port.Port, Http = { new HttpRoute { Match = route.Match } }, HttpActions = { new HttpAction() } };
        if (!PortTable.TryCompile(alone, out _, out string? error))
        {
            Say(route, route.MatchPlace, $"{error}; nothing matches it");
            return;
        }

        if (!_actions.TryGetValue(route.Action, out uint index))
        {
            _actions[route.Action] = index = (uint)port.HttpActions.Count;
            port.HttpActions.Add(Checked(route));
        }

        port.Http.Add(new HttpRoute { Name = route.Name, Match = route.Match, Action = index });
    }

    private HttpAction Checked(CandidateRoute route)
    {
        if (RouteAction.TryCompile(route.Action, out _, out string? error))
        {
            return route.Action;
        }

        Say(route, route.Place, $"{error}; the rule answers 500");
        return new HttpAction { Targets = { new WeightedTarget { Weight = 1, FailStatus = 500 } } };
    }

    private void Say(CandidateRoute route, string place, string what)
    {
        if (route.Source is { } source)
        {
            problems.Add(source, RoutingProblem.Invalid, $"{place}: {what}");
        }
    }
}

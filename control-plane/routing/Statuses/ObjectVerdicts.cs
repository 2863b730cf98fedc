using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Statuses;

/// <summary>What the status of an object of Istio's APIs says: what of it is not in force as written, or that it has no effect. Pure.</summary>
internal static class ObjectVerdicts
{
    private const int MostNames = 5;

    // The worst first: it is the condition's reason.
    private static readonly string[] Order =
        [RoutingProblem.Invalid, RoutingProblem.InvalidFilter, RoutingProblem.BackendNotFound, RoutingProblem.InvalidKind, RoutingProblem.UnsupportedValue, RoutingProblem.NoEffect];

    /// <summary>The condition of one object.</summary>
    /// <param name="problems">What waypoints say about it.</param>
    /// <param name="waypoints">Where it has a part in anything.</param>
    /// <param name="unused">What to say when that is nowhere; null: nothing.</param>
    internal static Condition? Judge(IReadOnlyCollection<RoutingProblem> problems, IReadOnlyCollection<ResourceKey> waypoints, string? unused)
    {
        if (problems.Count > 0)
        {
            RoutingProblem[] ordered = [.. problems.Distinct().OrderBy(static problem => Array.IndexOf(Order, problem.Reason)).ThenBy(static problem => problem.Message, StringComparer.Ordinal)];
            return Make("False", ordered[0].Reason, RouteVerdicts.Join(ordered));
        }

        string[] names = [.. waypoints.Select(static waypoint => waypoint.ToString()).Order(StringComparer.Ordinal)];
        return names.Length > 0
            ? Make("True", "Accepted", $"in force at {(names.Length == 1 ? "waypoint" : "waypoints")} {string.Join(", ", names.Take(MostNames))}{(names.Length > MostNames ? $" and {names.Length - MostNames} more" : "")}")
            : unused is null ? null : Make("False", RoutingProblem.NoEffect, unused);
    }

    private static Condition Make(string status, string reason, string message) => new() { Type = ConditionTypes.Reconciled, Status = status, Reason = reason, Message = message };
}

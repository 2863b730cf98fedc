using System.Globalization;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Statuses;

/// <summary>What the status of a LocalRateLimit says about each of its targets: where it is in force, or why it limits nobody there. Used for one judgement.</summary>
/// <param name="directory">The services.</param>
/// <param name="waypointsOf">The waypoints that serve one.</param>
/// <param name="gateway">Why a Gateway limits nobody; empty when it does, null when there is none.</param>
internal sealed class LimitVerdicts(IServiceDirectory directory, Func<RoutedService, IReadOnlyList<ResourceKey>> waypointsOf, Func<ResourceKey, string?> gateway)
{
    private const string Accepted = "Accepted";
    private const string TargetNotFound = "TargetNotFound";

    /// <summary>What is said.</summary>
    /// <param name="written">The newest version.</param>
    /// <param name="inForce">The version before it that is in force, because the newest has faults; null: the newest is.</param>
    public IReadOnlyList<ParentConditions> Judge(RoutingObject written, RoutingObject? inForce)
    {
        ProblemList problems = new();
        (IReadOnlyList<SpecReader> targets, LimitPolicy policy) = LimitReader.Read(written, problems);
        Condition? wrong = Content(problems, policy, inForce);
        List<ParentConditions> said = [];
        HashSet<ParentReference> seen = [];
        foreach (SpecReader reader in targets)
        {
            ParentReference target = new()
            {
                Group = reader.Text("group") is "core" ? "" : reader.Text("group"),
                Kind = reader.Text("kind"),
                Namespace = written.Namespace,
                Name = reader.Text("name"),
            };
            if (seen.Add(target))
            {
                said.Add(new ParentConditions(target, [wrong ?? Of(target, reader, policy, problems)]) { Controller = BackendTlsVerdicts.MeshController });
            }
        }

        return said;
    }

    private static Condition? Content(ProblemList problems, LimitPolicy policy, RoutingObject? inForce)
    {
        RoutingProblem[] invalid = [.. problems.All.Where(static problem => problem.Reason == RoutingProblem.Invalid)];
        if (invalid.Length == 0)
        {
            return null;
        }

        string instead = inForce is not null ? string.Create(CultureInfo.InvariantCulture, $"generation {inForce.Generation} stays in force")
            : policy.Rules.Count > 0 ? "the other rules are in force"
            : "nothing is limited";
        return False(RoutingProblem.Invalid, $"{RouteVerdicts.Join(invalid)}; {instead}");
    }

    private Condition Of(ParentReference target, SpecReader reader, LimitPolicy policy, ProblemList problems)
    {
        string name = $"{target.Kind} {target.Namespace}/{target.Name}";
        if (!target.IsService && !target.IsServiceEntry)
        {
            return gateway(new ResourceKey(target.Namespace!, target.Name)) switch
            {
                null => False(TargetNotFound, $"{reader.Path}: there is no {name}"),
                { Length: > 0 } reason => False(RoutingProblem.NoEffect, $"{name} {reason}: nothing is limited there"),
                _ => Good(policy, problems, $"at Gateway {target.Namespace}/{target.Name}, for all requests that it serves together", ""),
            };
        }

        if (directory.OfObject(target.Namespace!, target.Name, target.IsServiceEntry) is not { } service)
        {
            return False(TargetNotFound, $"{reader.Path}: there is no {name}");
        }

        string[] waypoints = [.. waypointsOf(service).Select(static waypoint => waypoint.ToString()).Order(StringComparer.Ordinal)];
        if (waypoints.Length == 0)
        {
            return False(RoutingProblem.NoEffect, $"{name} has no waypoint, and nobody else limits requests: label it or its namespace with istio.io/use-waypoint");
        }

        string[] others = [.. service.Ports.Where(static port => !port.MayBeHttp).Select(static port => port.Number.ToString(CultureInfo.InvariantCulture))];
        return others.Length == service.Ports.Count
            ? False(RoutingProblem.NoEffect, $"no port of {name} is one of HTTP: only requests are limited, connections are not")
            : Good(policy, problems, $"at {(waypoints.Length == 1 ? "waypoint" : "waypoints")} {string.Join(", ", waypoints)}", others.Length == 0 ? "" : $"; port {string.Join(", ", others)} is not one of HTTP, nothing is limited there");
    }

    private static Condition Good(LimitPolicy policy, ProblemList problems, string where, string remark)
    {
        string what = policy.DryRun ? $"on trial {where} (spec.mode is DryRun): requests are counted, nobody is refused" : $"in force {where}";
        string unknown = problems.All.Count == 0 ? "" : "; " + RouteVerdicts.Join(problems.All);
        return new Condition { Type = Accepted, Status = "True", Reason = Accepted, Message = what + remark + unknown };
    }

    private static Condition False(string reason, string message) => new() { Type = Accepted, Status = "False", Reason = reason, Message = message };
}

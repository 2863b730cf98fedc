using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Statuses;

/// <summary>What the status of an HTTPRoute, GRPCRoute, TCPRoute or TLSRoute says about each of its parents (control-plane reference 8.6). Not thread-safe.</summary>
/// <param name="scope">What a waypoint in the route's own namespace would see.</param>
/// <param name="binding">What is known of the waypoint of a service.</param>
internal sealed class RouteVerdicts(WaypointScope scope, Func<RoutedService, WaypointBinding> binding)
{
    private const int LongestMessage = 4096;

    /// <summary>Says what becomes of a route at each parent.</summary>
    public IReadOnlyList<ParentConditions> Judge(RoutingObject route)
    {
        SpecReader spec = new(route, new ProblemList());
        ParentReference[] parents = [.. spec.Elements("parentRefs").Select(ParentReference.Read).DistinctBy(parent => parent.Whole(route.Namespace))];
        List<ParentConditions> verdicts = [];
        IReadOnlyList<RoutingProblem>? problems = null;
        int rules = Math.Max(1, spec.Objects("rules").Count);
        foreach (ParentReference parent in parents)
        {
            ParentReference whole = parent.Whole(route.Namespace);
            if (!whole.IsService && !whole.IsServiceEntry)
            {
                verdicts.Add(new ParentConditions(parent, null));
                continue;
            }

            RoutedService? service = scope.Directory.OfObject(whole.Namespace!, whole.Name, whole.IsServiceEntry);
            WaypointBinding bound = service is null ? WaypointBinding.None : binding(service);
            if (bound.IsForeign)
            {
                // Another control plane's waypoint: it is theirs to say anything.
                continue;
            }

            problems ??= Problems(route);
            verdicts.Add(new ParentConditions(parent, [.. Conditions(whole, service, bound, problems, rules)]));
        }

        return verdicts;
    }

    private static IEnumerable<Condition> Conditions(ParentReference parent, RoutedService? service, WaypointBinding bound, IReadOnlyList<RoutingProblem> problems, int rules)
    {
        string? noParent = NoParent(parent, service);
        return
        [
            .. Conditions(noParent is null ? null : "NoMatchingParent", noParent ?? "", problems, rules),
            True("ResolvedWaypoints", "ResolvedWaypoints", service is null ? "the parent does not exist" : bound.Remark),
        ];
    }

    /// <summary>What is said about a route at any parent.</summary>
    /// <param name="refusal">Why the parent does not take it; null: it does.</param>
    /// <param name="message">The same in words.</param>
    /// <param name="problems">What of the route is not in force as written.</param>
    /// <param name="rules">How many rules it has.</param>
    internal static IEnumerable<Condition> Conditions(string? refusal, string message, IReadOnlyList<RoutingProblem> problems, int rules)
    {
        RoutingProblem[] broken = [.. problems.Where(static problem => problem.Reason == RoutingProblem.InvalidFilter)];
        int brokenRules = broken.Select(static problem => RuleOf(problem.Message)).Distinct().Count();
        RoutingProblem[] unresolved = [.. problems.Where(IsReference)];
        RoutingProblem[] partial = [.. problems.Where(static problem => !IsReference(problem))];
        bool isAccepted = refusal is null && brokenRules < Math.Max(1, rules);
        yield return refusal is not null ? False("Accepted", refusal, message)
            : !isAccepted ? False("Accepted", RoutingProblem.InvalidFilter, Join(broken))
            : True("Accepted", "Accepted", "Route was valid");
        yield return unresolved.Length > 0 ? False("ResolvedRefs", unresolved[^1].Reason, Join(unresolved)) : True("ResolvedRefs", "ResolvedRefs", "All references resolved");
        if (isAccepted && partial.Length > 0)
        {
            yield return True("PartiallyInvalid", RoutingProblem.UnsupportedValue, Join(partial));
        }
    }

    private static string? NoParent(ParentReference parent, RoutedService? service)
    {
        string name = $"{parent.Namespace}/{parent.Name}";
        return service is null ? $"{parent.Kind} {name} does not exist"
            : parent.Port is { } port && service.Ports.All(known => known.Number != port) ? $"{parent.Kind} {name} has no port {port}"
            : parent.SectionName is { } section && service.Ports.All(known => known.Name != section) ? $"{parent.Kind} {name} has no port named {section}"
            : null;
    }

    /// <summary>
    /// What a waypoint would have to say about the route. It is the same at whatever it is attached to, so it is compiled for a service that need not exist: a route without a
    /// waypoint hears of its faults, too.
    /// </summary>
    private IReadOnlyList<RoutingProblem> Problems(RoutingObject route)
    {
        ProblemList none = new();
        IReadOnlyList<SpecReader> parents = new SpecReader(route, none).Objects("parentRefs");
        SpecReader some = parents.First(static parent => parent.Text("kind") is "Service" or "ServiceEntry");
        var standIn = new RoutedService(
            some.Has("namespace") ? some.Text("namespace") : route.Namespace,
            some.Text("name"),
            "stand.in",
            some.Text("kind") == "ServiceEntry",
            [new RoutedPort((ushort)Math.Clamp(some.Number("port") ?? 1, 1, ushort.MaxValue), some.Text("sectionName"), PortProtocol.Detect)]);
        CompiledPart<ServiceRoutes> compiled = WaypointCompiler.Routes(scope with { Objects = [route], Served = [standIn] }, standIn);
        return [.. compiled.Problems.Where(problem => problem.Kind == route.Kind)];
    }

    private static bool IsReference(RoutingProblem problem) => problem.Reason is RoutingProblem.BackendNotFound or RoutingProblem.InvalidKind or RoutingProblem.RefNotPermitted;

    /// <summary>Messages begin with the path of what they are about.</summary>
    private static string RuleOf(string message) => message.StartsWith("spec.rules[", StringComparison.Ordinal) ? message[..(message.IndexOf(']', StringComparison.Ordinal) + 1)] : "";

    internal static string Join(IEnumerable<RoutingProblem> problems)
    {
        string all = string.Join("; ", problems.Select(static problem => problem.Message).Distinct(StringComparer.Ordinal));
        return all.Length <= LongestMessage ? all : all[..LongestMessage] + " …";
    }

    private static Condition True(string type, string reason, string message) => new() { Type = type, Status = "True", Reason = reason, Message = message };

    private static Condition False(string type, string reason, string message) => new() { Type = type, Status = "False", Reason = reason, Message = message };
}

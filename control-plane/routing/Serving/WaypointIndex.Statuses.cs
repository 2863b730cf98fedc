using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Statuses;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.ControlPlane.Routing.Serving;

public sealed partial class WaypointIndex
{
    private static readonly string[] OurControllers = ["istio.io/mesh-controller", "istio.io/gateway-controller"];
    private static readonly Dictionary<string, ResourceType> TypesOfKinds = KnownResources.RoutingKinds.Append<ResourceType>(KnownResources.AuthorizationPolicies).ToDictionary(static type => type.Kind, StringComparer.Ordinal);

    private readonly HashSet<ObjectName> _toJudge = [];
    private readonly Dictionary<ObjectName, ObjectConditions> _judged = [];
    private readonly SetIndex<ObjectName, Unit> _unitsOf = new();
    private readonly Dictionary<Unit, IReadOnlyCollection<ObjectName>> _partsOf = [];
    private readonly Dictionary<Unit, IReadOnlyCollection<ObjectName>> _usedBy = [];
    private readonly SetIndex<string, ObjectName> _routesAsking = new();
    private readonly Dictionary<ObjectName, HashSet<string>> _routeAsked = [];
    private readonly SetIndex<ResourceKey, ObjectName> _routesByWaypoint = new();
    private readonly SetIndex<ObjectName, ResourceKey> _waypointsOfRoute = new();
    private readonly Dictionary<string, string> _controllers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IReadOnlyList<ObjectConditions> TakeConditions()
    {
        List<ObjectConditions> changed = [];
        foreach (ObjectName name in _toJudge)
        {
            ObjectConditions? now = Judge(name);
            if (now is null)
            {
                _judged.Remove(name);
            }
            else if (!now.SaysSame(_judged.GetValueOrDefault(name)))
            {
                _judged[name] = now;
                changed.Add(now);
            }
        }

        _toJudge.Clear();
        return changed;
    }

    /// <summary>What is said about every object at the moment, for who asks and is not the API.</summary>
    public IReadOnlyCollection<ObjectConditions> Judged => _judged.Values;

    private static bool IsRoute(string kind) => Array.IndexOf(ObjectBook.RouteKinds, kind) >= 0;

    private ObjectConditions? Judge(ObjectName name)
    {
        ForgetRoute(name);
        if (_unsupported.TryGetValue(name, out UnsupportedObject? unsupported))
        {
            return unsupported.Judge(name, Unsupported(name));
        }

        if (!TypesOfKinds.TryGetValue(name.Kind, out ResourceType? type))
        {
            return null;
        }

        if (name.Kind == BackendTlsPolicies.Kind)
        {
            return JudgeAttached(name);
        }

        if (name.Kind == LimitReader.Kind)
        {
            return JudgeLimit(name);
        }

        RoutingObject? source = _objects.Find(name.Kind, name.Key);
        if (IsRoute(name.Kind))
        {
            return source is null ? null : new ObjectConditions(type, name.Key, [], Parents(name, source)) { Generation = source.Generation };
        }

        bool isThere = name.Kind == "AuthorizationPolicy" ? _objects.FindPolicy(name.Key) is not null : source is not null;
        if (!isThere || name.Kind == "ReferenceGrant")
        {
            return null;
        }

        Unit[] units = [.. _unitsOf.Of(name)];
        RoutingProblem[] problems = [.. units.SelectMany(unit => _problems.GetValueOrDefault(unit) ?? []).Where(problem => problem.Kind == name.Kind && problem.Namespace == name.Key.Namespace && problem.Name == name.Key.Name)];
        ResourceKey[] waypoints = [.. units.Where(unit => _usedBy.GetValueOrDefault(unit)?.Contains(name) == true).Select(static unit => unit.Waypoint).Distinct()];
        string? unused = name.Kind switch
        {
            "VirtualService" when new SpecReader(source!, new ProblemList()).Texts("gateways") is { Count: > 0 } gateways && !gateways.Contains("mesh") => "none of spec.gateways is served, so nobody routes by it",
            "Gateway" => "spec.selector selects no pods of a gateway (without labels it selects none), so nobody opens its ports",
            "VirtualService" => "no waypoint serves any of spec.hosts, so nobody routes by it",
            "DestinationRule" => "no waypoint sends anything to spec.host, so nobody goes by it",
            "RequestAuthentication" => "none of spec.targetRefs is served by a waypoint: tokens are looked at nowhere (selectors have no effect in ambient mode)",
            "Telemetry" => "there is no waypoint that it is for",
            _ => null,
        };
        Condition[] conditions = ObjectVerdicts.Judge(problems, waypoints, unused) is { } condition ? [condition] : [];
        return new ObjectConditions(type, name.Key, conditions) { Generation = source?.Generation ?? _objects.FindPolicy(name.Key)?.Metadata.Generation };
    }

    private IReadOnlyList<ParentConditions> Parents(ObjectName name, RoutingObject source)
    {
        RecordingDirectory directory = new(_services);
        WaypointScope scope = Scope(new ResourceKey(source.Namespace, ""), directory, []);
        IReadOnlyList<ParentConditions> parents = new RouteVerdicts(scope, service => BindingOf(name, service)).Judge(source);
        _routeAsked[name] = directory.Asked;
        foreach (string asked in directory.Asked)
        {
            _routesAsking.Add(asked, name);
        }

        return WithEdges(name, source, parents);
    }

    /// <summary>Which waypoint a service names, and whether it is one of ours. Routes that asked hear of changes.</summary>
    private WaypointBinding BindingOf(ObjectName route, RoutedService service)
    {
        if (_services.NamedWaypoint(service.ResourceName) is not { } named)
        {
            return new WaypointBinding(false, $"{(service.IsEntry ? "ServiceEntry" : "Service")} {service.Namespace}/{service.Name} and its namespace have no label istio.io/use-waypoint: the route has no effect");
        }

        _routesByWaypoint.Add(named, route);
        _waypointsOfRoute.Add(route, named);
        string? controller = _gateways.TryGetValue(named, out Gateway? gateway) ? _controllers.GetValueOrDefault(gateway.Spec.GatewayClassName) : null;
        bool isBound = _services.WaypointsOf(service.ResourceName).Contains(named);
        return new WaypointBinding(controller is not null && !OurControllers.Contains(controller), isBound ? "All waypoints resolved" : $"waypoint {named} is not bound to its services: see their condition istio.io/WaypointBound");
    }

    private void ForgetRoute(ObjectName name)
    {
        foreach (ResourceKey waypoint in _waypointsOfRoute.Of(name).ToArray())
        {
            _waypointsOfRoute.Remove(name, waypoint);
            _routesByWaypoint.Remove(waypoint, name);
        }

        if (_routeAsked.Remove(name, out HashSet<string>? asked))
        {
            foreach (string key in asked)
            {
                _routesAsking.Remove(key, name);
            }
        }
    }

    /// <summary>A piece is computed: the objects that it used and has something to say about are to be judged when that is different.</summary>
    private void NoteParts(Unit unit, IReadOnlyList<RoutingProblem> before, Findings found)
    {
        (IReadOnlyList<RoutingProblem> problems, IReadOnlyCollection<ObjectName> used) = found;
        IReadOnlyCollection<ObjectName> usedBefore = _usedBy.GetValueOrDefault(unit) ?? [];
        bool isSame = usedBefore.Count == used.Count && usedBefore.All(used.Contains) && before.Count == problems.Count && before.SequenceEqual(problems);
        if (isSame)
        {
            return;
        }

        HashSet<ObjectName> parts = [.. used, .. problems.Select(static problem => new ObjectName(problem.Kind, new ResourceKey(problem.Namespace, problem.Name)))];
        IReadOnlyCollection<ObjectName> partsBefore = _partsOf.GetValueOrDefault(unit) ?? [];
        foreach (ObjectName gone in partsBefore.Where(part => !parts.Contains(part)))
        {
            _unitsOf.Remove(gone, unit);
        }

        foreach (ObjectName part in parts)
        {
            _unitsOf.Add(part, unit);
        }

        _toJudge.UnionWith(partsBefore);
        _toJudge.UnionWith(parts);
        Keep(_partsOf, unit, parts);
        Keep(_usedBy, unit, used);
    }

    private static void Keep(Dictionary<Unit, IReadOnlyCollection<ObjectName>> table, Unit unit, IReadOnlyCollection<ObjectName> now)
    {
        if (now.Count > 0)
        {
            table[unit] = now;
        }
        else
        {
            table.Remove(unit);
        }
    }

    private void SetGatewayClass(string name, GatewayClass? now)
    {
        if (_controllers.GetValueOrDefault(name) == now?.Spec.ControllerName)
        {
            return;
        }

        if (now is null)
        {
            _controllers.Remove(name);
        }
        else
        {
            _controllers[name] = now.Spec.ControllerName;
        }

        foreach (Gateway gateway in _gateways.Values.Where(gateway => gateway.Spec.GatewayClassName == name))
        {
            JudgeRoutesAt(gateway.Key);
        }

        RefreshEdges();
    }

    private void JudgeRoutesAt(ResourceKey waypoint) => _toJudge.UnionWith(_routesByWaypoint.Of(waypoint));

    private void JudgeRoutesAsking(RoutedService service)
    {
        foreach (string name in RecordingDirectory.KeysOf(service))
        {
            _toJudge.UnionWith(_routesAsking.Of(name));
        }
    }
}

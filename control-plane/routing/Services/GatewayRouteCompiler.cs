using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>HTTPRoute, GRPCRoute, TCPRoute and TLSRoute whose parent is a service (waypoint reference 2.4).</summary>
internal sealed class GatewayRouteCompiler(WaypointScope scope, Hosts hosts, ProblemList problems)
{
    private readonly GatewayRouteFilters _filters = new(hosts);

    /// <summary>All HTTP and gRPC rules for one port in one order of precedence, and the age of the oldest route.</summary>
    public (DateTimeOffset Oldest, IReadOnlyList<CandidateRoute> Routes) Http(RoutedService service, RoutedPort port)
    {
        List<(RoutePrecedence Rank, CandidateRoute Route)> ranked = [];
        DateTimeOffset oldest = DateTimeOffset.MaxValue;
        foreach (RoutingObject source in scope.Of("HTTPRoute").Concat(scope.Of("GRPCRoute")).OrderBy(o => o.Created).ThenBy(o => o.Namespace, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal))
        {
            SpecReader spec = Open(source);
            if (!IsFor(spec, service, port))
            {
                continue;
            }

            oldest = source.Created < oldest ? source.Created : oldest;
            foreach ((SpecReader rule, int index) in spec.Objects("rules").Select((rule, index) => (rule, index)))
            {
                Rule(rule, index, port, source.Namespace == service.Namespace ? "" : source.Namespace, ranked);
            }
        }

        // Stable: what ties keeps the order of creation.
        return (oldest, [.. ranked.OrderByDescending(item => item.Rank).Select(item => item.Route)]);
    }

    /// <summary>The TCP or TLS rules for one port.</summary>
    public IEnumerable<TcpRoute> Connections(RoutedService service, RoutedPort port, string kind)
    {
        foreach (RoutingObject source in scope.Of(kind))
        {
            SpecReader spec = Open(source);
            if (!IsFor(spec, service, port) || OnlyRule(spec) is not { } rule)
            {
                continue;
            }

            TcpRoute route = new() { Name = $"{source.Namespace}.{source.Name}" };
            IReadOnlyList<string> names = kind == "TLSRoute" ? spec.Texts("hostnames") : [];
            if (!names.Any(name => Hosts.Covers(name, service.Hostname)))
            {
                route.ServerNames.AddRange(names);
            }

            Backends(rule, source, route);
            yield return route;
        }
    }

    /// <summary>The same for routes that are attached to a listener, whose host name is settled.</summary>
    public IReadOnlyList<CandidateRoute> Http(IEnumerable<RoutingObject> attached, RoutedPort port)
    {
        List<(RoutePrecedence Rank, CandidateRoute Route)> ranked = [];
        foreach (RoutingObject source in attached.OrderBy(o => o.Created).ThenBy(o => o.Namespace, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal))
        {
            problems.Use(source);
            foreach ((SpecReader rule, int index) in Open(source).Objects("rules").Select((rule, index) => (rule, index)))
            {
                Rule(rule, index, port, "", ranked);
            }
        }

        return [.. ranked.OrderByDescending(item => item.Rank).Select(item => item.Route)];
    }

    /// <summary>The rule of a TCPRoute or TLSRoute that is attached to a listener; null when it has none.</summary>
    public TcpRoute? Connection(RoutingObject source, IReadOnlyList<string> names)
    {
        problems.Use(source);
        if (OnlyRule(Open(source)) is not { } rule)
        {
            return null;
        }

        TcpRoute route = new() { Name = $"{source.Namespace}.{source.Name}", ServerNames = { names.Where(static name => name != "*") } };
        Backends(rule, source, route);
        return route;
    }

    /// <summary>Connections have nothing that one rule could be chosen by: the first is all that counts.</summary>
    private SpecReader? OnlyRule(SpecReader spec)
    {
        IReadOnlyList<SpecReader> rules = spec.Objects("rules");
        foreach (SpecReader further in rules.Skip(1))
        {
            problems.Add(spec.Source, RoutingProblem.UnsupportedValue, $"{further.Path} has no effect: of a {spec.Source.Kind} the first rule alone is in force; write a route of its own");
        }

        return rules.Count > 0 ? rules[0] : null;
    }

    private void Backends(SpecReader rule, RoutingObject source, TcpRoute route)
    {
        foreach (SpecReader backend in rule.Objects("backendRefs"))
        {
            WeightedTarget target = _filters.Backend(backend, source.Namespace);
            backend.End();
            if (target.Destination is not null || target.FailStatus != 0)
            {
                route.Targets.Add(target);
            }
        }

        _ = rule.Text("name");
        rule.End();
    }

    private SpecReader Open(RoutingObject source)
    {
        SpecReader spec = new(source, problems);
        _ = (spec.Has("parentRefs"), spec.Has("hostnames"), spec.Has("rules"));
        spec.Unsupported("useDefaultGateways", "only parents that are named count");
        spec.End();
        return spec;
    }

    private static bool IsFor(SpecReader spec, RoutedService service, RoutedPort port) => spec.Objects("parentRefs").Any(parent =>
    {
        string group = parent.Has("group") ? parent.Text("group") : "gateway.networking.k8s.io";
        string kind = parent.Has("kind") ? parent.Text("kind") : "Gateway";
        bool isKind = service.IsEntry ? (group, kind) == ("networking.istio.io", "ServiceEntry") : (group is "" or "core") && kind == "Service";
        string @namespace = parent.Has("namespace") ? parent.Text("namespace") : spec.Source.Namespace;
        string section = parent.Text("sectionName");
        return isKind && parent.Text("name") == service.Name && @namespace == service.Namespace
            && (parent.Number("port") is not { } number || number == port.Number)
            && (section.Length == 0 || section == port.Name);
    });

    private void Rule(SpecReader rule, int index, RoutedPort port, string clientNamespace, List<(RoutePrecedence Rank, CandidateRoute Route)> ranked)
    {
        RoutingObject source = rule.Source;
        bool isGrpc = source.Kind == "GRPCRoute";
        string name = rule.Text("name");
        name = name.Length > 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{source.Namespace}.{source.Name}.{index}");
        IReadOnlyList<SpecReader> entries = rule.Objects("matches");
        HttpAction action = _filters.Read(rule, isGrpc);
        rule.End();
        if (entries.Count == 0)
        {
            HttpMatch any = new() { ClientNamespace = clientNamespace };
            ranked.Add((RoutePrecedence.Of(any), new CandidateRoute(name, any, action) { Source = source, Place = rule.Path }));
        }

        foreach (SpecReader entry in entries)
        {
            HttpMatch match = isGrpc ? GatewayRouteMatches.Grpc(entry) : GatewayRouteMatches.Http(entry);
            match.ClientNamespace = clientNamespace;
            ranked.Add((RoutePrecedence.Of(match), new CandidateRoute(name, match, action) { Source = source, Place = rule.Path, MatchPlace = entry.Path }));
        }
    }
}

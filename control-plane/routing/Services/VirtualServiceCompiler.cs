using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Google.Protobuf.Collections;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>VirtualServices at a waypoint (waypoint reference 2.1, 2.2).</summary>
internal sealed class VirtualServiceCompiler(WaypointScope scope, Hosts hosts, ProblemList problems)
{
    private readonly VirtualServiceActions _actions = new(hosts);
    private readonly VirtualServiceDelegates _delegates = new(scope, hosts, problems);

    /// <summary>The VirtualServices that apply to a service, oldest first.</summary>
    public IEnumerable<RoutingObject> Applicable(RoutedService service) => scope.Of("VirtualService").Where(candidate => Applies(candidate, service)).Select(Used);

    /// <summary>The HTTP rules of one VirtualService for one port, up to its first catch-all.</summary>
    public IReadOnlyList<CandidateRoute> Http(RoutingObject source, ushort port)
    {
        List<CandidateRoute> routes = [];
        SpecReader spec = Open(source);
        foreach (SpecReader rule in spec.Objects("http").SelectMany(rule => rule.Has("delegate") ? _delegates.Expand(rule) : [rule]))
        {
            if (Rule(rule, port, routes))
            {
                break;
            }
        }

        return routes;
    }

    /// <summary>The TLS rules and then the TCP rules for one port.</summary>
    public (IReadOnlyList<TcpRoute> Tls, IReadOnlyList<TcpRoute> Tcp) Connections(RoutingObject source, RoutedService service, ushort port)
    {
        SpecReader spec = Open(source);
        return (Connections(spec, "tls", service, port), Connections(spec, "tcp", service, port));
    }

    private RoutingObject Used(RoutingObject source)
    {
        problems.Use(source);
        return source;
    }

    private SpecReader Open(RoutingObject source)
    {
        SpecReader spec = new(source, problems);
        _ = (spec.Texts("hosts"), spec.Texts("gateways"), spec.Texts("exportTo"), spec.Has("http"), spec.Has("tcp"), spec.Has("tls"));
        spec.End();
        return spec;
    }

    private bool Applies(RoutingObject source, RoutedService service)
    {
        SpecReader spec = new(source, problems);
        IReadOnlyList<string> gateways = spec.Texts("gateways");
        IReadOnlyList<string> exports = spec.Texts("exportTo");
        bool isExported = exports.Count == 0 || exports.Any(to => to == "*" || to == scope.Namespace || (to == "." && source.Namespace == scope.Namespace));
        return (gateways.Count == 0 || gateways.Contains("mesh"))
            && isExported
            && (source.Namespace == service.Namespace || source.Namespace == scope.Namespace)
            && spec.Texts("hosts").Any(host => Hosts.Covers(hosts.Full(host, source.Namespace), service.Hostname));
    }

    /// <summary>Adds the routes of a rule; whether nothing behind it can be reached.</summary>
    private bool Rule(SpecReader rule, ushort port, List<CandidateRoute> routes)
    {
        string name = rule.Text("name");
        HttpAction action = _actions.Read(rule, port);
        IReadOnlyList<SpecReader> entries = rule.Objects("match");
        rule.End();
        if (entries.Count == 0)
        {
            routes.Add(new CandidateRoute(name, new HttpMatch(), ForMatch(action, new HttpMatch(), rule)) { Source = rule.Source, Place = rule.Path });
            return true;
        }

        foreach (SpecReader entry in entries)
        {
            if (VirtualServiceMatches.Read(entry, port, scope) is not { } match)
            {
                continue;
            }

            string entryName = entry.Text("name");
            CandidateRoute route = new(entryName.Length == 0 ? name : $"{name}.{entryName}", match, ForMatch(action, match, rule)) { Source = rule.Source, Place = rule.Path, MatchPlace = entry.Path };
            routes.Add(route);
            if (route.IsCatchAll)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A rewritten URI replaces a prefix, or the whole of an exact path; of an expression nothing.</summary>
    private static HttpAction ForMatch(HttpAction action, HttpMatch match, SpecReader rule)
    {
        if (action.Rewrite is not { PathCase: Rewrite.PathOneofCase.Prefix } || match.Path is null or { KindCase: PathMatch.KindOneofCase.Prefix })
        {
            return action;
        }

        HttpAction own = action.Clone();
        if (match.Path.KindCase == PathMatch.KindOneofCase.Exact)
        {
            own.Rewrite.FullPath = action.Rewrite.Prefix;
        }
        else
        {
            own.Rewrite.ClearPath();
            rule.Problems.Add(rule.Source, RoutingProblem.NoEffect, $"{rule.Path}.rewrite.uri has no effect on a path that a regular expression matched; use uriRegexRewrite");
        }

        return own;
    }

    private List<TcpRoute> Connections(SpecReader spec, string field, RoutedService service, ushort port)
    {
        List<TcpRoute> routes = [];
        foreach (SpecReader rule in spec.Objects(field))
        {
            IReadOnlyList<SpecReader> entries = rule.Objects("match");
            string[][] names = entries.Count == 0 ? [[]] : [.. entries.Select(entry => ConnectionEntry(entry, field == "tls", service, port)).OfType<string[]>()];
            RepeatedField<WeightedTarget> targets = [];
            foreach (SpecReader target in rule.Objects("route"))
            {
                WeightedTarget weighted = new() { Weight = target.Number("weight") ?? 0 };
                if (target.Object("destination") is { } destination)
                {
                    weighted.Destination = hosts.Destination(destination, rule.Source.Namespace, port);
                    destination.End();
                }

                target.End();
                targets.Add(weighted);
            }

            rule.End();
            OneTargetIsAll(targets);

            // Each entry is a condition of its own: one for any connection is not narrowed to the names of another, and nothing behind it is reached.
            int any = Array.FindIndex(names, static own => own.Length == 0);
            routes.AddRange(names.Take(any < 0 ? names.Length : any + 1).Select(own => new TcpRoute { Name = rule.Source.Name, ServerNames = { own }, Targets = { targets.Clone() } }));
        }

        return routes;
    }

    public static void OneTargetIsAll(RepeatedField<WeightedTarget> targets)
    {
        if (targets is [{ } only])
        {
            only.Weight = 1;
        }
    }

    /// <summary>The server names that an entry asks for, none for any connection; null when it never matches.</summary>
    private string[]? ConnectionEntry(SpecReader entry, bool isTls, RoutedService service, ushort port)
    {
        IReadOnlyList<string> gateways = entry.Texts("gateways");
        IReadOnlyList<string> names = entry.Texts("sniHosts");
        uint? wanted = entry.Number("port");
        bool isForOthers = VirtualServiceMatches.IsForOtherNamespace(entry, gateways, scope);
        bool applies = !isForOthers && (gateways.Count == 0 || scope.IsNamed(gateways, entry.Source.Namespace)) && (wanted is null or 0 || wanted == port) && !entry.Has("sourceLabels");
        entry.Unsupported("sourceLabels", "the entry never matches");
        entry.Unsupported("sourceSubnet", "it is ignored");
        entry.Unsupported("destinationSubnets", "they are ignored");
        entry.End();

        // The service's own name stands for any connection to it, also one without TLS; other names are looked for in the hello.
        return !applies ? null : isTls && !names.Any(name => name.Equals(service.Hostname, StringComparison.OrdinalIgnoreCase)) ? [.. names] : [];
    }
}

using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>DestinationRules for the services that a waypoint reaches (waypoint reference 2.3).</summary>
internal sealed class DestinationCompiler(WaypointScope scope, Hosts hosts, ProblemList problems)
{
    /// <summary>How a service is reached; null when nobody says anything about it.</summary>
    public DestinationSettings? Compile(RoutedService service)
    {
        RoutingObject[] rules = Rules(service);
        IReadOnlyDictionary<uint, UpstreamTls> attached = new BackendTlsPolicies(scope, problems).For(service);
        Dictionary<uint, UpstreamTls?> withheld = Withheld(service, Overruled(rules));
        NameResolution? names = Names.Of(service);
        if (rules.Length == 0 && attached.Count == 0 && withheld.Count == 0 && !scope.Defaults.SayConnections)
        {
            return names is null ? null : new DestinationSettings { Namespace = service.Namespace, Hostname = service.Hostname, Names = names };
        }

        Encryption encryption = new(new TlsPolicies(scope, service), rules.Length > 0 && IsBroad(rules[0], service), attached, withheld);
        DestinationSettings settings = new() { Namespace = service.Namespace, Hostname = service.Hostname, Names = names };
        Array.ForEach(rules, problems.Use);
        SpecReader[] specs = [.. rules.Select(rule => new SpecReader(rule, problems))];
        SpecReader? top = specs.FirstOrDefault(spec => spec.Has("trafficPolicy"))?.Object("trafficPolicy");
        PolicyGroups whole = top is null ? PolicyGroups.None : PolicyGroups.Read(top);
        Dictionary<uint, PolicyGroups> ports = Ports(top);
        foreach (uint port in encryption.Ports)
        {
            // What a port has of its own replaces everything; one that has only a BackendTLSPolicy keeps the rest.
            ports.TryAdd(port, whole);
        }

        Add(settings, "", whole, ports.ToDictionary(port => port.Key, port => ReferenceEquals(port.Value, whole) ? whole : port.Value.AsPortOver(whole)), encryption);
        foreach (SpecReader subset in specs.SelectMany(spec => spec.Objects("subsets")))
        {
            Subset(settings, service, subset, whole, ports, encryption);
        }

        Finish(specs, top);
        encryption.SayUnused(problems);
        if (rules.Length > 0)
        {
            Warn(settings, rules[0], service);
        }

        return settings;
    }

    /// <summary>The rules of the first namespace that has any, of the most specific host there; the oldest first.</summary>
    private RoutingObject[] Rules(RoutedService service)
    {
        foreach (string @namespace in Namespaces(service))
        {
            (RoutingObject Rule, string Host)[] found = [.. scope.Of("DestinationRule")
                .Where(rule => rule.Namespace == @namespace && IsVisible(rule) && !IsSelective(rule))
                .Select(rule => (rule, HostOf(rule)))
                .Where(candidate => Hosts.Covers(candidate.Item2, service.Hostname))];
            if (found.Length > 0)
            {
                string best = found.Select(candidate => candidate.Host).MaxBy(host => host.StartsWith('*') ? host.Length : int.MaxValue)!;
                return [.. found.Where(candidate => candidate.Host == best).Select(candidate => candidate.Rule)];
            }
        }

        return [];
    }

    private IEnumerable<string> Namespaces(RoutedService service) => new[] { scope.Namespace, service.Namespace, scope.RootNamespace }.Distinct();

    private string HostOf(RoutingObject rule) => hosts.Full(new SpecReader(rule, problems).Text("host"), rule.Namespace);

    /// <summary>Whether a rule was written for the mesh or for many hosts rather than for this service.</summary>
    private bool IsBroad(RoutingObject rule, RoutedService service) =>
        HostOf(rule).StartsWith('*') || (rule.Namespace == scope.RootNamespace && rule.Namespace != scope.Namespace && rule.Namespace != service.Namespace);

    /// <summary>The rules whose traffic policy has no effect, for an older one for the same host has one.</summary>
    private List<RoutingObject> Overruled(RoutingObject[] rules)
    {
        RoutingObject[] saying = [.. rules.Where(rule => new SpecReader(rule, problems).Has("trafficPolicy"))];
        foreach (RoutingObject rule in saying.Skip(1))
        {
            problems.Add(rule, RoutingProblem.NoEffect, $"spec.trafficPolicy has no effect: the older {saying[0]} speaks for the same host; its subsets are in force");
        }

        return [.. saying.Skip(1)];
    }

    /// <summary>
    /// TLS of rules that select workloads or are overruled, by port (0 is all others; null: none is wanted). They are not followed, and what they want encrypted does not become
    /// plain by that: it is broken, unless somebody else has TLS for it.
    /// </summary>
    private Dictionary<uint, UpstreamTls?> Withheld(RoutedService service, List<RoutingObject> overruled)
    {
        Dictionary<uint, UpstreamTls?> withheld = [];
        foreach (RoutingObject rule in overruled)
        {
            Withhold(rule, "spec.trafficPolicy.tls of a younger rule for the same host is not in force", withheld);
        }

        foreach (RoutingObject rule in Namespaces(service).SelectMany(@namespace => scope.Of("DestinationRule").Where(rule => rule.Namespace == @namespace)))
        {
            if (new SpecReader(rule, problems) is var spec && spec.Has("workloadSelector") && IsVisible(rule) && Hosts.Covers(HostOf(rule), service.Hostname)
                && spec.Has("trafficPolicy"))
            {
                Withhold(rule, "spec.workloadSelector is not supported at waypoints", withheld);
            }
        }

        return withheld.Values.Any(static tls => tls is not null) ? withheld : [];
    }

    private void Withhold(RoutingObject rule, string why, Dictionary<uint, UpstreamTls?> withheld)
    {
        if (new SpecReader(rule, problems).Object("trafficPolicy") is not { } policy)
        {
            return;
        }

        Withhold(rule, why, PolicyGroups.Read(policy), 0, withheld);
        foreach ((uint port, PolicyGroups groups) in Ports(policy))
        {
            Withhold(rule, why, groups, port, withheld);
        }
    }

    private void Withhold(RoutingObject rule, string why, PolicyGroups groups, uint port, Dictionary<uint, UpstreamTls?> withheld)
    {
        bool isWanted = groups.IsTlsMalformed || (groups.Tls is { } tls && tls.Has("mode") && tls.Text("mode") is not ("DISABLE" or "ISTIO_MUTUAL"));
        if (isWanted)
        {
            problems.Add(rule, RoutingProblem.UnsupportedValue, $"{why}; requests that no other rule encrypts instead are answered 503 there");
        }

        if (withheld.GetValueOrDefault(port) is null)
        {
            withheld[port] = isWanted ? new UpstreamTls { Broken = $"{rule}: {why}" } : null;
        }
    }

    private bool IsVisible(RoutingObject rule)
    {
        IReadOnlyList<string> exports = new SpecReader(rule, problems).Texts("exportTo");
        return exports.Count == 0 || exports.Any(to => to == "*" || to == scope.Namespace || (to == "." && rule.Namespace == scope.Namespace));
    }

    private bool IsSelective(RoutingObject rule)
    {
        bool isSelective = new SpecReader(rule, problems).Has("workloadSelector");
        if (isSelective)
        {
            problems.Add(rule, RoutingProblem.UnsupportedValue, "spec.workloadSelector is not supported at waypoints; the rule has no effect there");
        }

        return isSelective;
    }

    private void Subset(DestinationSettings settings, RoutedService service, SpecReader subset, PolicyGroups whole, Dictionary<uint, PolicyGroups> wholePorts, Encryption encryption)
    {
        string name = subset.Text("name");
        IReadOnlyDictionary<string, string> labels = subset.Map("labels");
        SpecReader? policy = subset.Object("trafficPolicy");
        subset.End();
        if (settings.Subsets.Any(other => other.Name == name))
        {
            problems.Add(subset.Source, RoutingProblem.NoEffect, $"{subset.Path}: an older rule has a subset {name}, which is in force");
            return;
        }

        settings.Subsets.Add(new Subset { Name = name, Members = { scope.Members(service, labels) } });
        PolicyGroups own = policy is null ? PolicyGroups.None : PolicyGroups.Read(policy);
        Dictionary<uint, PolicyGroups> ownPorts = Ports(policy);
        Dictionary<uint, PolicyGroups> ports = [];
        foreach (uint port in wholePorts.Keys.Union(ownPorts.Keys))
        {
            PolicyGroups below = wholePorts.TryGetValue(port, out PolicyGroups? ofPort) && !ReferenceEquals(ofPort, whole) ? ofPort.AsPortOver(whole) : whole;
            PolicyGroups merged = own.Over(below);
            ports[port] = ownPorts.TryGetValue(port, out PolicyGroups? ofSubset) ? ofSubset.AsPortOver(merged) : merged;
        }

        Add(settings, name, own.Over(whole), ports, encryption);
        End(policy);
    }

    private void Add(DestinationSettings settings, string subset, PolicyGroups whole, Dictionary<uint, PolicyGroups> ports, Encryption encryption)
    {
        settings.Policies.Add(new ScopedPolicy { Subset = subset, Policy = TrafficPolicies.Make(whole, encryption.For(whole, 0), scope.Defaults) });
        settings.Policies.AddRange(ports.OrderBy(port => port.Key).Select(port => new ScopedPolicy { Subset = subset, Port = port.Key, Policy = TrafficPolicies.Make(port.Value, encryption.For(port.Value, port.Key), scope.Defaults) }));
    }

    private static Dictionary<uint, PolicyGroups> Ports(SpecReader? policy)
    {
        Dictionary<uint, PolicyGroups> ports = [];
        foreach (SpecReader port in policy?.Objects("portLevelSettings") ?? [])
        {
            ports.TryAdd(port.Object("port")?.Number("number") ?? 0, PolicyGroups.Read(port));
            port.End();
        }

        return ports;
    }

    private static void Finish(SpecReader[] specs, SpecReader? top)
    {
        foreach (SpecReader spec in specs)
        {
            _ = (spec.Text("host"), spec.Has("trafficPolicy"), spec.Has("exportTo"), spec.Has("subsets"));
            spec.End();
        }

        End(top);
    }

    private static void End(SpecReader? policy)
    {
        if (policy is not null)
        {
            _ = policy.Has("portLevelSettings");
            policy.End();
        }
    }

    // Q33: legal, and not what anybody means.
    private void Warn(DestinationSettings settings, RoutingObject rule, RoutedService service)
    {
        int endpoints = scope.Members(service, new Dictionary<string, string>()).Count;
        OutlierDetection? outliers = settings.Policies[0].Policy.Outliers;
        if (outliers is not null && endpoints > 0 && 100.0 / endpoints > outliers.MaxEjectionPercent)
        {
            problems.Add(rule, RoutingProblem.NoEffect, string.Create(CultureInfo.InvariantCulture, $"spec.trafficPolicy.outlierDetection ejects nothing: maxEjectionPercent {outliers.MaxEjectionPercent} of {endpoints} endpoints is less than one"));
        }
    }
}

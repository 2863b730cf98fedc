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
        if (rules.Length == 0)
        {
            return null;
        }

        DestinationSettings settings = new() { Namespace = service.Namespace, Hostname = service.Hostname };
        SpecReader[] specs = [.. rules.Select(rule => new SpecReader(rule, problems))];
        SpecReader? top = specs.FirstOrDefault(spec => spec.Has("trafficPolicy"))?.Object("trafficPolicy");
        PolicyGroups whole = top is null ? PolicyGroups.None : PolicyGroups.Read(top);
        Dictionary<uint, PolicyGroups> ports = Ports(top);
        Add(settings, "", whole, ports.ToDictionary(port => port.Key, port => port.Value.AsPortOver(whole)));
        foreach (SpecReader subset in specs.SelectMany(spec => spec.Objects("subsets")))
        {
            Subset(settings, service, subset, whole, ports);
        }

        Finish(specs, top);
        Warn(settings, rules[0], service);
        return settings;
    }

    /// <summary>The rules of the first namespace that has any, of the most specific host there; the oldest first.</summary>
    private RoutingObject[] Rules(RoutedService service)
    {
        foreach (string @namespace in new[] { scope.Namespace, service.Namespace, scope.RootNamespace }.Distinct())
        {
            (RoutingObject Rule, string Host)[] found = [.. scope.Of("DestinationRule")
                .Where(rule => rule.Namespace == @namespace && IsVisible(rule))
                .Select(rule => (rule, hosts.Full(new SpecReader(rule, problems).Text("host"), rule.Namespace)))
                .Where(candidate => Hosts.Covers(candidate.Item2, service.Hostname))];
            if (found.Length > 0)
            {
                string best = found.Select(candidate => candidate.Host).MaxBy(host => host.StartsWith('*') ? host.Length : int.MaxValue)!;
                return [.. found.Where(candidate => candidate.Host == best).Select(candidate => candidate.Rule)];
            }
        }

        return [];
    }

    private bool IsVisible(RoutingObject rule)
    {
        SpecReader spec = new(rule, problems);
        IReadOnlyList<string> exports = spec.Texts("exportTo");
        if (spec.Has("workloadSelector"))
        {
            problems.Add(rule, RoutingProblem.UnsupportedValue, "spec.workloadSelector is not supported at waypoints; the rule has no effect there");
            return false;
        }

        return exports.Count == 0 || exports.Any(to => to == "*" || to == scope.Namespace || (to == "." && rule.Namespace == scope.Namespace));
    }

    private void Subset(DestinationSettings settings, RoutedService service, SpecReader subset, PolicyGroups whole, Dictionary<uint, PolicyGroups> wholePorts)
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
            PolicyGroups below = wholePorts.TryGetValue(port, out PolicyGroups? ofPort) ? ofPort.AsPortOver(whole) : whole;
            PolicyGroups merged = own.Over(below);
            ports[port] = ownPorts.TryGetValue(port, out PolicyGroups? ofSubset) ? ofSubset.AsPortOver(merged) : merged;
        }

        Add(settings, name, own.Over(whole), ports);
        End(policy);
    }

    private static void Add(DestinationSettings settings, string subset, PolicyGroups whole, Dictionary<uint, PolicyGroups> ports)
    {
        settings.Policies.Add(new ScopedPolicy { Subset = subset, Policy = TrafficPolicies.Make(whole) });
        settings.Policies.AddRange(ports.OrderBy(port => port.Key).Select(port => new ScopedPolicy { Subset = subset, Port = port.Key, Policy = TrafficPolicies.Make(port.Value) }));
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

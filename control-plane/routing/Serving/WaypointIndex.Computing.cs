using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Xds.Server.Resources;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Serving;

public sealed partial class WaypointIndex
{
    private readonly SetIndex<string, Unit> _askers = new();
    private readonly Dictionary<Unit, HashSet<string>> _asked = [];
    private readonly SetIndex<string, ResourceKey> _users = new();
    private readonly Dictionary<(ResourceKey Waypoint, string Service), int> _uses = [];
    private readonly Dictionary<Unit, IReadOnlyList<string>> _targets = [];
    private readonly Dictionary<Unit, IReadOnlyList<RoutingProblem>> _problems = [];
    private readonly HashSet<Unit> _there = [];
    private readonly Dictionary<Unit, AccessPolicy> _custom = [];

    /// <inheritdoc/>
    public IReadOnlyList<ResourceChange> Take()
    {
        List<ResourceChange> changes = [];
        while (_due.Count > 0)
        {
            Dictionary<ResourceKey, RoutedService[]> served = [];
            foreach (Unit unit in TakeDue())
            {
                Computed++;
                Compute(unit, served, changes);
            }
        }

        AddNeeds(changes);
        return changes;
    }

    /// <summary>What is computed next. Routes come first: they decide which destinations there are.</summary>
    private HashSet<Unit> TakeDue()
    {
        // A set that was large once is walked at that length for ever after, so what is left gets a new one.
        HashSet<Unit> all = _due, first = [.. all.Where(static unit => unit.Kind != UnitKind.Destination)];
        _due = first.Count == 0 || first.Count == all.Count ? [] : [.. all.Where(static unit => unit.Kind == UnitKind.Destination)];
        return first.Count == 0 ? all : first;
    }

    private static string TypeOf(UnitKind kind) => kind switch
    {
        UnitKind.Settings => ResourceTypes.Settings,
        UnitKind.Tokens => ResourceTypes.Tokens,
        UnitKind.Access => ResourceTypes.Access,
        UnitKind.Limits => ResourceTypes.Limits,
        UnitKind.Routes => ResourceTypes.Routes,
        _ => ResourceTypes.Destinations,
    };

    private void Compute(Unit unit, Dictionary<ResourceKey, RoutedService[]> served, List<ResourceChange> changes)
    {
        RecordingDirectory directory = new(_services);
        IReadOnlyList<RoutingProblem> before = _problems.GetValueOrDefault(unit) ?? [];
        Findings found = Findings.None;
        IMessage? message = unit.Kind switch
        {
            UnitKind.Settings => Settings(unit, directory, served, ref found),
            UnitKind.Edge => null,
            UnitKind.Routes => Routes(unit, directory, ref found),
            UnitKind.Destination => Destination(unit, directory, ref found),
            UnitKind.Access => Access(unit, directory, served, ref found),
            UnitKind.Limits => Limits(unit, directory, served, ref found),
            _ => Tokens(unit, directory, served, ref found),
        };
        if (unit.Kind == UnitKind.Edge)
        {
            ComputeEdge(unit, directory, changes, ref found);
        }

        Remember(unit, directory.Asked);
        foreach (RoutingProblem news in found.Problems.Except(before))
        {
            _say(news);
        }

        if (found.Problems.Count > 0)
        {
            _problems[unit] = found.Problems;
        }
        else
        {
            _problems.Remove(unit);
        }

        NoteParts(unit, before, found);
        if (message is not null)
        {
            _there.Add(unit);
            changes.Add(new ResourceChange(TypeOf(unit.Kind), unit.ResourceName, new ResourceContent { Message = message }));
        }
        else if (_there.Remove(unit))
        {
            changes.Add(new ResourceChange(TypeOf(unit.Kind), unit.ResourceName, null));
        }
    }

    /// <summary>What a computation depended on is found out anew each time.</summary>
    private void Remember(Unit unit, HashSet<string> asked)
    {
        if (_asked.Remove(unit, out HashSet<string>? before))
        {
            foreach (string name in before)
            {
                _askers.Remove(name, unit);
            }
        }

        if (asked.Count > 0)
        {
            _asked[unit] = asked;
            foreach (string name in asked)
            {
                _askers.Add(name, unit);
            }
        }
    }

    private bool Exists(ResourceKey waypoint) => IsEdge(waypoint) || _gateways.ContainsKey(waypoint) || _services.ServedBy(waypoint).Count > 0;

    private WaypointSettings? Settings(Unit unit, RecordingDirectory directory, Dictionary<ResourceKey, RoutedService[]> served, ref Findings found)
    {
        _needsDue.Add(unit.Waypoint);
        if (!Exists(unit.Waypoint))
        {
            Lead(unit, []);
            return null;
        }

        AccessPolicy[] policies = [.. _custom.Where(pair => pair.Key.Waypoint == unit.Waypoint).OrderBy(pair => pair.Key.Name, StringComparer.Ordinal).Select(static pair => pair.Value)];
        CompiledPart<IReadOnlyList<Authorizer>> authorizers = WaypointCompiler.Authorizers(Scope(unit.Waypoint, directory, []) with { ExtensionProviders = _providers }, policies);
        CompiledPart<TelemetrySettings> telemetry = WaypointCompiler.Telemetry(Scope(unit.Waypoint, directory, Served(unit.Waypoint, served)) with { Objects = [.. _objects.All("Telemetry")], MeshConfig = _meshConfig });
        found = new Findings([.. authorizers.Problems, .. telemetry.Problems], telemetry.Used);
        Lead(unit, [.. WaypointCompiler.Targets(authorizers.Result!).Select(static target => $"{target.Namespace}/{target.Hostname}")]);
        WaypointSettings settings = new()
        {
            TrustDomainAliases = { _settings.TrustDomainAliases },
            Authorizers = { authorizers.Result },
            Telemetry = telemetry.Result,
            OwnNames = { NamesOf(_gateways.GetValueOrDefault(unit.Waypoint)) },
            ServesHostNames = _settings.HasSeveralNetworks,
            Normalization = Options.Normalization,
            DnsRefreshMs = Options.DnsRefreshMs,
            ServerHeader = Options.ServerHeader,
            ForwardClientIdentity = ForwardsClients(_gateways.GetValueOrDefault(unit.Waypoint)),
            NoMirrorSuffix = _settings.NoMirrorSuffix,
        };
        AddTopology(unit.Waypoint, settings);
        return settings;
    }

    /// <summary>Whether endpoints are told who the client has shown to be, in x-forwarded-client-cert (waypoint reference 1.7).</summary>
    private static bool ForwardsClients(Gateway? gateway) => gateway?.Metadata.Annotations.Find("ambient.istio.io/xfcc-include-client-identity") == "true";

    /// <summary>How workloads name a waypoint (control-plane reference 3.1).</summary>
    private static IEnumerable<string> NamesOf(Gateway? gateway) => gateway is null ? []
        : gateway.Status.Addresses.Where(static address => address.Value.Length > 0).Select(address => address.Type == "Hostname" ? $"{gateway.Metadata.Namespace}/{address.Value}" : address.Value);

    private ServiceRoutes? Routes(Unit unit, RecordingDirectory directory, ref Findings found)
    {
        RoutedService? service = _services.WaypointsOf(unit.Name).Contains(unit.Waypoint) ? _services.Find(unit.Name) : null;
        if (service is null)
        {
            Lead(unit, []);
            return null;
        }

        if (IsEastWest(unit.Waypoint))
        {
            Lead(unit, []);
            return new ServiceRoutes { Namespace = service.Namespace, Hostname = service.Hostname, Ports = { service.Ports.Select(static port => new PortRoutes { Port = port.Number, Protocol = PortProtocol.Tcp }) } };
        }

        WaypointScope scope = Scope(unit.Waypoint, directory, [service]) with { Objects = [.. _objects.WithDelegates([.. _objects.Covering("VirtualService", service.Hostname)]), .. _objects.ChildrenOf(service)] };
        CompiledPart<ServiceRoutes> compiled = WaypointCompiler.Routes(scope, service);
        found = new Findings(compiled.Problems, compiled.Used);
        Lead(unit, [unit.Name, .. WaypointCompiler.Targets(compiled.Result!).Select(static target => $"{target.Namespace}/{target.Hostname}").Where(name => name != unit.Name)]);
        return compiled.Result;
    }

    /// <summary>Counts which services a waypoint's routes lead to: how those are reached is what it needs to know.</summary>
    private void Lead(Unit unit, IReadOnlyList<string> now)
    {
        _targets.Remove(unit, out IReadOnlyList<string>? before);
        if (now.Count > 0)
        {
            _targets[unit] = now;
        }

        foreach (string name in now)
        {
            int uses = _uses.GetValueOrDefault((unit.Waypoint, name));
            _uses[(unit.Waypoint, name)] = uses + 1;
            if (uses == 0)
            {
                _users.Add(name, unit.Waypoint);
                Need(unit.Waypoint, name, isNeeded: true);
                MarkDestination(unit.Waypoint, name);
                JudgeAttachedTo(name);
            }
        }

        foreach (string name in before ?? [])
        {
            int uses = _uses[(unit.Waypoint, name)] - 1;
            if (uses > 0)
            {
                _uses[(unit.Waypoint, name)] = uses;
                continue;
            }

            _uses.Remove((unit.Waypoint, name));
            _users.Remove(name, unit.Waypoint);
            Need(unit.Waypoint, name, isNeeded: false);
            MarkDestination(unit.Waypoint, name);
            JudgeAttachedTo(name);
        }
    }

    private DestinationSettings? Destination(Unit unit, RecordingDirectory directory, ref Findings found)
    {
        _referrers.Forget(unit);
        RoutedService? service = _uses.ContainsKey((unit.Waypoint, unit.Name)) ? _services.Find(unit.Name) : null;
        if (service is null)
        {
            return null;
        }

        WaypointScope scope = Scope(unit.Waypoint, directory, []) with
        {
            Objects = [.. _objects.Covering("DestinationRule", service.Hostname), .. _objects.ChildrenOf(service).Where(static attached => attached.Kind == BackendTlsPolicies.Kind)],
            Members = _services.Members,
            References = ReferencesFor(unit),
        };
        CompiledPart<DestinationSettings> compiled = WaypointCompiler.Destination(scope, service);
        found = new Findings(compiled.Problems, compiled.Used);
        DestinationSettings? result = compiled.Result;
        if (IsEdge(unit.Waypoint) && service.IngressUsesWaypoint)
        {
            result ??= new DestinationSettings { Namespace = service.Namespace, Hostname = service.Hostname };
            result.ThroughWaypoint = true;
        }

        return result;
    }

    private AccessPolicy? Access(Unit unit, RecordingDirectory directory, Dictionary<ResourceKey, RoutedService[]> served, ref Findings found)
    {
        bool isAsked = _custom.Remove(unit);
        CompiledPart<AccessPolicy>? compiled = Exists(unit.Waypoint) && !IsEastWest(unit.Waypoint) && _objects.FindPolicy(Key(unit.Name)) is { } policy
            ? WaypointCompiler.Access(Scope(unit.Waypoint, directory, Served(unit.Waypoint, served)) with { Policies = [policy] })
            : null;
        found = new Findings(compiled?.Problems ?? [], []);
        if (compiled?.Result is { Action: AccessAction.Custom } custom)
        {
            _custom[unit] = custom;
            isAsked = true;
        }

        if (isAsked)
        {
            _due.Add(new Unit(unit.Waypoint, UnitKind.Settings, ""));
        }

        return compiled?.Result;
    }

    private TokenPolicy? Tokens(Unit unit, RecordingDirectory directory, Dictionary<ResourceKey, RoutedService[]> served, ref Findings found)
    {
        _keysIn.Remove(unit);
        if (!Exists(unit.Waypoint) || IsEastWest(unit.Waypoint) || _objects.Find("RequestAuthentication", Key(unit.Name)) is not { } source)
        {
            return null;
        }

        CompiledPart<TokenPolicy> compiled = WaypointCompiler.Tokens(Scope(unit.Waypoint, directory, Served(unit.Waypoint, served)) with { Objects = [source], Keys = KeysFor(unit), KeysMissing = KeysMissingIn(unit) });
        found = new Findings(compiled.Problems, compiled.Used);
        return compiled.Result;
    }

    private RoutedService[] Served(ResourceKey waypoint, Dictionary<ResourceKey, RoutedService[]> served)
    {
        if (!served.TryGetValue(waypoint, out RoutedService[]? all))
        {
            served[waypoint] = all = [.. _services.ServedBy(waypoint).Order(StringComparer.Ordinal).Select(name => _services.Find(name)!)];
        }

        return all;
    }

    private static ResourceKey Key(string name) => new(name[..name.IndexOf('/', StringComparison.Ordinal)], name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]);

    private WaypointScope Scope(ResourceKey waypoint, RecordingDirectory directory, IReadOnlyList<RoutedService> served) => new()
    {
        Namespace = waypoint.Namespace,
        Gateway = waypoint.Name,
        GatewayClass = ClassOf(waypoint),
        RootNamespace = _settings.RootNamespace,
        ClusterDomain = _settings.ClusterDomain,
        ClusterId = _settings.ClusterId,
        Served = served,
        Directory = directory,
        PodLabels = PodLabelsOf(waypoint),
        Defaults = Options.Defaults,
    };
}

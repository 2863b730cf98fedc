using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>
/// The configuration of every waypoint, kept up to date. What changes marks the pieces that depend on it; <see cref="Take"/> computes those and nothing else.
/// Not thread-safe: the feed calls it.
/// </summary>
public sealed partial class WaypointIndex : IFeedPart, IMeshFacts
{
    private const string RevisionLabel = "istio.io/rev";
    private const string EastWestClass = "istio-east-west";
    private const string AccountOverride = "gateway.istio.io/service-account";
    private readonly RoutingSettings _settings;
    private readonly Action<RoutingProblem> _say;
    private readonly Func<KeySource, string, KeyAnswer> _keys;
    private readonly Func<ReferenceKey, Referenced> _references;
    private readonly ServiceBook _services = new();
    private readonly ObjectBook _objects;
    private readonly Dictionary<ResourceKey, Gateway> _gateways = [];
    private readonly ConcurrentDictionary<ResourceKey, string> _accounts = new();
    private HashSet<Unit> _due = [];

    /// <summary>Knows nothing yet.</summary>
    /// <param name="settings">What all waypoints have in common.</param>
    /// <param name="say">Told of each thing that is not in force as written, when that begins.</param>
    /// <param name="keys">The key set of an issuer as it is now, without waiting, for the namespace that asks; none refuses every token. See <see cref="CheckKeys"/>.</param>
    /// <param name="references">What a Secret or ConfigMap says as it is now, without waiting. See <see cref="OnReference"/>.</param>
    public WaypointIndex(RoutingSettings settings, Action<RoutingProblem>? say = null, Func<KeySource, string, KeyAnswer>? keys = null, Func<ReferenceKey, Referenced>? references = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        _say = say ?? (static _ => { });
        _keys = keys ?? (static (_, _) => new KeyAnswer(null, "nobody fetches keys here"));
        _references = references ?? (static _ => Referenced.Missing);
        _objects = new ObjectBook(settings.ClusterDomain);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ResourceType<RoutingResource>> Kinds => KnownResources.RoutingKinds;

    /// <inheritdoc/>
    public IReadOnlyList<ResourceType<RoutingResource>> Reported => KnownResources.UnsupportedKinds;

    /// <inheritdoc/>
    public ResourceKey? ConfigMap => new ResourceKey(_settings.RootNamespace, MeshMap);

    /// <summary>How many pieces were computed since the beginning: the work that changes made.</summary>
    public long Computed { get; private set; }

    /// <summary>
    /// Whose configuration a caller may have: that of the Gateway that it names, when it runs under that Gateway's account. Null: nobody's. Thread-safe.
    /// </summary>
    /// <param name="callers">Who the caller has shown to be.</param>
    /// <param name="namespace">The namespace that it is in, checked.</param>
    /// <param name="gateway">The Gateway that it names.</param>
    public string? OwnerOf(IEnumerable<SpiffeId> callers, string @namespace, string gateway)
    {
        var key = new ResourceKey(@namespace, gateway);
        string account = _accounts.GetValueOrDefault(key, gateway);
        return gateway.Length > 0 && callers.Any(caller => caller.Namespace == @namespace && caller.ServiceAccount == account) ? key.ToString() : null;
    }

    /// <inheritdoc/>
    public void Set(ResourceType type, ResourceKey key, Resource? now)
    {
        ArgumentNullException.ThrowIfNull(type);
        switch (type)
        {
            case ResourceType<Pod>:
                SetPod(key, (Pod?)now);
                return;
            case ResourceType<Namespace>:
                SetNamespace(key.Name, now?.Metadata.Labels);
                return;
            case ResourceType<Service>:
                SetPorts(key, (Service?)now);
                return;
        }

        now = now is not null && (now.Metadata.Labels.Find(RevisionLabel) is not { } revision || revision == _settings.Revision) ? now : null;
        if (ReferenceEquals(type, KnownResources.Gateways))
        {
            SetGateway(key, (Gateway?)now);
        }
        else if (ReferenceEquals(type, KnownResources.AuthorizationPolicies))
        {
            MarkPolicy(UnitKind.Access, key, _objects.SetPolicy(key, (AuthorizationPolicy?)now));
            _toJudge.Add(new ObjectName(type.Kind, key));
        }
        else if (ReferenceEquals(type, KnownResources.GatewayClasses))
        {
            SetGatewayClass(key.Name, (GatewayClass?)now);
        }
        else if (ReferenceEquals(type, KnownResources.ConfigMaps))
        {
            SetMeshConfig(((ConfigMap?)now)?.Data.Find("mesh"));
        }
        else if (KnownResources.UnsupportedKinds.Contains(type))
        {
            SetUnsupported(type, key, (RoutingResource?)now);
        }
        else if (type is ResourceType<RoutingResource>)
        {
            RoutingObject? source = now is RoutingResource written
                ? new RoutingObject(type.Kind, key.Namespace, key.Name, written.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch, written.Spec) { Generation = written.Metadata.Generation }
                : null;
            source = type.Kind == BackendTlsPolicies.Kind ? Attach(key, (RoutingResource?)now, source) : type.Kind == LimitReader.Kind ? LastGood(key, source) : source;
            _toJudge.Add(new ObjectName(type.Kind, key));
            MarkObject(type.Kind, key, _objects.Set(type.Kind, key, source));
            if (ReferenceEquals(type, KnownResources.IstioGateways))
            {
                RefreshEdges();
            }
            else if (EdgeKinds.Contains(type.Kind))
            {
                MarkEdges();
            }
        }
    }

    /// <inheritdoc/>
    public void OnService(string name, ServiceFacts? now)
    {
        RoutedService? service = now is null ? null
            : new RoutedService(now.Namespace, now.Name, now.Hostname, now.IsEntry, [.. now.Ports.Select(static port => new RoutedPort(port.Number, port.Name, PortProtocols.Of(port.Declared, port.Number)) { IsGrpcWeb = PortProtocols.IsGrpcWeb(port.Declared) })])
            {
                SubjectAltNames = now.SubjectAltNames,
                Resolution = now.Resolution,
                IsExternal = now.IsExternal,
                Races = now.Races,
                HasRange = now.HasRange,
                IngressUsesWaypoint = now.IngressUsesWaypoint,
            };
        bool isNamedAnew = _services.SetNamed(name, now?.Named);
        if (isNamedAnew && service is not null)
        {
            JudgeRoutesAsking(service);
        }

        if (!_services.Set(name, service, now?.Waypoints ?? [], out RoutedService? before, out IReadOnlyList<ResourceKey> waypointsBefore))
        {
            return;
        }

        // Whoever asked for it by a name gets another answer now.
        foreach (string asked in (before is null ? [] : RecordingDirectory.KeysOf(before)).Concat(service is null ? [] : RecordingDirectory.KeysOf(service)))
        {
            _due.UnionWith(_askers.Of(asked));
            _toJudge.UnionWith(_routesAsking.Of(asked));
        }

        foreach (ResourceKey waypoint in waypointsBefore.Union(now?.Waypoints ?? []))
        {
            _due.Add(new Unit(waypoint, UnitKind.Settings, ""));
            _due.Add(new Unit(waypoint, UnitKind.Routes, name));
            MarkDestination(waypoint, name);
            foreach (RoutedService about in new[] { before, service }.OfType<RoutedService>())
            {
                (string group, string kind) = about.IsEntry ? ("networking.istio.io", "ServiceEntry") : ("", "Service");
                MarkPolicies(waypoint, _objects.PoliciesFor(group, kind, about.Namespace, about.Name));
                MarkPolicies(waypoint, _objects.PoliciesForAll(about.Namespace));
            }

            if (before?.Ports.SequenceEqual(service?.Ports ?? []) != true)
            {
                MarkWhole(waypoint);
            }
        }

        foreach (ResourceKey user in _users.Of(name))
        {
            MarkDestination(user, name);
        }
    }

    /// <inheritdoc/>
    public void OnWorkload(string uid, WorkloadFacts? now)
    {
        foreach (string service in _services.SetWorkload(uid, now))
        {
            foreach (ResourceKey waypoint in _users.Of(service))
            {
                MarkDestination(waypoint, service);
            }
        }
    }

    /// <summary>What waypoints have to say about objects: what of them is not in force as written.</summary>
    public IEnumerable<RoutingProblem> Problems => _problems.Values.SelectMany(static problems => problems).Concat(_meshProblems).Concat(_unsupported.Keys.Select(Unsupported)).Distinct();

    private void SetGateway(ResourceKey key, Gateway? now)
    {
        Gateway? before = _gateways.GetValueOrDefault(key);
        string? classBefore = before?.Spec.GatewayClassName;
        if (now is null)
        {
            _gateways.Remove(key);
            _accounts.TryRemove(key, out _);
        }
        else
        {
            _gateways[key] = now;
            _accounts[key] = now.Metadata.Annotations.Find(AccountOverride) is { Length: > 0 } other ? other : IsIngress(now) ? $"{key.Name}-{now.Spec.GatewayClassName}" : key.Name;
        }

        if (classBefore is not null || now is not null)
        {
            RefreshEdges();
        }

        if (!NamesOf(before).SequenceEqual(NamesOf(now), StringComparer.Ordinal) || ForwardsClients(before) != ForwardsClients(now))
        {
            _due.Add(new Unit(key, UnitKind.Settings, ""));
        }

        if (classBefore != now?.Spec.GatewayClassName)
        {
            JudgeRoutesAt(key);
            _due.Add(new Unit(key, UnitKind.Settings, ""));
            foreach (string name in new[] { classBefore, now?.Spec.GatewayClassName }.OfType<string>())
            {
                MarkPolicies(key, _objects.PoliciesFor("gateway.networking.k8s.io", "GatewayClass", _settings.RootNamespace, name));
            }

            MarkWhole(key);
        }
    }

    private void MarkSettings() => _due.UnionWith(Waypoints().Select(static waypoint => new Unit(waypoint, UnitKind.Settings, "")));

    private void MarkObject(string kind, ResourceKey key, Touched touched)
    {
        if (kind == "RequestAuthentication")
        {
            MarkPolicy(UnitKind.Tokens, key, touched);
            return;
        }

        if (kind == LimitReader.Kind)
        {
            MarkPolicy(UnitKind.Limits, key, touched);
            return;
        }

        if (kind == "Telemetry")
        {
            MarkSettings();
            return;
        }

        foreach ((string Namespace, string Name, bool IsEntry) target in kind == BackendTlsPolicies.Kind ? touched.Parents : [])
        {
            JudgeAttachedTo(target.Namespace, target.Name, target.IsEntry);
        }

        foreach (string service in touched.Parents.SelectMany(parent => _services.NamesOfObject(parent.Namespace, parent.Name, parent.IsEntry)))
        {
            if (kind == BackendTlsPolicies.Kind)
            {
                MarkUsers(service);
            }
            else
            {
                MarkRoutes(service);
            }
        }

        foreach (string service in touched.Hosts.SelectMany(Covered).Distinct(StringComparer.Ordinal))
        {
            if (kind != "DestinationRule")
            {
                MarkRoutes(service);
                continue;
            }

            MarkUsers(service);
        }
    }

    private void MarkUsers(string service)
    {
        foreach (ResourceKey waypoint in _users.Of(service))
        {
            MarkDestination(waypoint, service);
        }
    }

    private void MarkPolicy(UnitKind kind, ResourceKey key, Touched touched)
    {
        foreach (TargetReference target in touched.Targets)
        {
            IEnumerable<ResourceKey> waypoints = (target.Group, target.Kind) switch
            {
                ("", "Service") => Serving(key.Namespace, target.Name, isEntry: false),
                ("networking.istio.io", "ServiceEntry") => Serving(key.Namespace, target.Name, isEntry: true),
                ("gateway.networking.k8s.io", "Gateway") => [new ResourceKey(key.Namespace, target.Name)],
                ("", "*") => Waypoints().Where(waypoint => waypoint.Namespace == key.Namespace || key.Namespace == _settings.RootNamespace || _services.ServedBy(waypoint).Any(service => service.StartsWith(key.Namespace + "/", StringComparison.Ordinal))),
                ("gateway.networking.k8s.io", "GatewayClass") when key.Namespace == _settings.RootNamespace => _gateways.Values.Where(gateway => gateway.Spec.GatewayClassName == target.Name).Select(static gateway => gateway.Key),
                _ => [],
            };
            _due.UnionWith(waypoints.Select(waypoint => new Unit(waypoint, kind, key.ToString())));
        }

        // Ingress gateways may be selected by their labels.
        _due.UnionWith(_edges.Where(owner => owner.Namespace == key.Namespace || key.Namespace == _settings.RootNamespace).Select(owner => new Unit(owner, kind, key.ToString())));
    }

    private IEnumerable<ResourceKey> Serving(string @namespace, string name, bool isEntry) =>
        _services.NamesOfObject(@namespace, name, isEntry).SelectMany(_services.WaypointsOf);

    private IEnumerable<string> Covered(string host) => !host.StartsWith('*') ? _services.NamesOfHost(host)
        : _services.Hosts.Where(known => Reading.Hosts.Covers(host, known)).ToArray().SelectMany(_services.NamesOfHost);

    private void MarkRoutes(string service)
    {
        foreach (ResourceKey waypoint in _services.WaypointsOf(service))
        {
            _due.Add(new Unit(waypoint, UnitKind.Routes, service));
        }
    }

    private void MarkDestination(ResourceKey waypoint, string service) => _due.Add(new Unit(waypoint, UnitKind.Destination, service));

    private void MarkPolicies(ResourceKey waypoint, IEnumerable<(string Kind, ResourceKey Key)> policies) =>
        _due.UnionWith(policies.Select(policy => new Unit(waypoint, policy.Kind switch { "AuthorizationPolicy" => UnitKind.Access, LimitReader.Kind => UnitKind.Limits, _ => UnitKind.Tokens }, policy.Key.ToString())));

    /// <summary>Policies for the whole waypoint are judged by all ports that it serves.</summary>
    private void MarkWhole(ResourceKey waypoint)
    {
        MarkPolicies(waypoint, _objects.PoliciesFor("gateway.networking.k8s.io", "Gateway", waypoint.Namespace, waypoint.Name));
        MarkPolicies(waypoint, _objects.PoliciesFor("gateway.networking.k8s.io", "GatewayClass", _settings.RootNamespace, ClassOf(waypoint)));
        MarkPolicies(waypoint, _objects.PoliciesForAll(waypoint.Namespace));
        MarkPolicies(waypoint, _objects.PoliciesForAll(_settings.RootNamespace));
    }

    private IEnumerable<ResourceKey> Waypoints() => _gateways.Keys.Union(_services.Waypoints).Union(_edges);

    /// <summary>
    /// Whether a Gateway is for callers of other networks: it is told which services it may lead to, and nothing that looks into connections, for it cannot
    /// (control-plane reference 9.11, 9.12).
    /// </summary>
    private bool IsEastWest(ResourceKey waypoint) => ClassOf(waypoint) == EastWestClass;

    private string ClassOf(ResourceKey waypoint) => _gateways.GetValueOrDefault(waypoint)?.Spec.GatewayClassName ?? "istio-waypoint";
}

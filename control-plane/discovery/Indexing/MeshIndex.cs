using Ambient.ControlPlane.Discovery.Settings;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>
/// From Kubernetes' objects to the mesh's resources. An object that changes marks what depends on it; <see cref="Take"/> computes that and
/// nothing else, and says what is different. Not thread-safe.
/// </summary>
/// <param name="settings">What the mesh has in common, and which cluster this is.</param>
/// <param name="facts">Told what there is; null: nobody.</param>
/// <param name="isRemote">Whether the cluster is another one than the control plane's own: then its gateways for others lead to it.</param>
/// <param name="clock">How long waypoints that are not named any more serve on; null: not at all.</param>
public sealed partial class MeshIndex(MeshSettings settings, IMeshFacts? facts = null, bool isRemote = false, TimeProvider? clock = null)
{
    /// <summary>The type of workloads and services.</summary>
    public const string AddressType = "type.googleapis.com/istio.workload.Address";

    /// <summary>The type of policies.</summary>
    public const string PolicyType = "type.googleapis.com/istio.security.Authorization";

    private const string NetworkLabel = "topology.istio.io/network";
    private const string RevisionLabel = "istio.io/rev";
    private readonly Dictionary<string, Namespace> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Protocol.Istio.Workload.Locality> _localities = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, Gateway> _gateways = [];
    private readonly Dictionary<string, GatewayClass> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, WaypointGateway> _waypoints = [];
    private readonly Dictionary<ResourceKey, HashSet<Source>> _waypointUsers = [];
    private readonly Dictionary<Source, List<ResourceKey>> _waypointsOf = [];
    private readonly Dictionary<Source, Dictionary<string, string>> _results = [];
    private HashSet<Source> _due = [];
    private readonly List<ResourceChange> _changes = [];
    private string _network = "";

    /// <summary>What the mesh has in common.</summary>
    internal MeshSettings Settings => settings;

    /// <summary>The cluster's network; empty: it has no name.</summary>
    public string Network => _network;

    /// <summary>How many pieces were computed since the beginning: the work that changes made.</summary>
    public long Computed { get; private set; }

    /// <summary>When something is due though nothing changes, from now; null: never.</summary>
    public TimeSpan? DueIn => _former?.Next;

    /// <summary>Measures that.</summary>
    internal TimeProvider Clock => _former?.Clock ?? TimeProvider.System;

    /// <summary>Whether anything waits to be computed.</summary>
    public bool IsDue => _due.Count > 0;

    /// <summary>A namespace as it is now; null: it is gone.</summary>
    public void SetNamespace(string name, Namespace? now)
    {
        StringMap before = LabelsOf(name);
        StringMap notes = AnnotationsOf(name);
        Put(_namespaces, name, now);
        if (name == settings.SystemNamespace && (LabelsOf(name).Find(NetworkLabel) ?? "") is var network && network != _network)
        {
            _network = network;
            RefreshNetwork();
            return;
        }

        if (!before.Equals(LabelsOf(name)) || !notes.Equals(AnnotationsOf(name)))
        {
            MarkNamespace(name);
        }
    }

    /// <summary>A node as it is now; null: it is gone. Only its place counts.</summary>
    public void SetNode(string name, Node? now)
    {
        Protocol.Istio.Workload.Locality? locality = now is null ? null : new Protocol.Istio.Workload.Locality
        {
            Region = now.Metadata.Labels.Find("topology.kubernetes.io/region") ?? "",
            Zone = now.Metadata.Labels.Find("topology.kubernetes.io/zone") ?? "",
            Subzone = now.Metadata.Labels.Find("topology.istio.io/subzone") ?? "",
        };
        locality = locality?.CalculateSize() > 0 ? locality : null;
        if (Equals(_localities.GetValueOrDefault(name), locality))
        {
            return;
        }

        Put(_localities, name, locality);
        foreach (ResourceKey pod in _podsByNode.TryGetValue(name, out HashSet<ResourceKey>? pods) ? pods : [])
        {
            Mark(SourceKind.Pod, pod);
        }
    }

    /// <summary>A Gateway as it is now; null: it is gone.</summary>
    public void SetGateway(ResourceKey key, Gateway? now)
    {
        Gateway? before = _gateways.GetValueOrDefault(key);
        Put(_gateways, key, now);
        RefreshWaypoint(key);
        if (before?.Spec.GatewayClassName != now?.Spec.GatewayClassName || before?.Spec.Addresses.SequenceEqual(now?.Spec.Addresses ?? []) == false)
        {
            MarkUsers(key);
        }

        RefreshNetworkGateway(key, now);
        RefreshEastWest(key, now);
    }

    /// <summary>A GatewayClass as it is now; null: it is gone.</summary>
    public void SetGatewayClass(string name, GatewayClass? now)
    {
        bool isOthers = _classes.GetValueOrDefault(name)?.Spec.ControllerName != now?.Spec.ControllerName;
        Put(_classes, name, now);
        MarkPoliciesOf("GatewayClass", new ResourceKey(settings.RootNamespace, name));
        if (isOthers)
        {
            MarkUsersWhere(IsUnseen);
        }

        foreach (ResourceKey key in _gateways.Values.Where(gateway => gateway.Spec.GatewayClassName == name).Select(static gateway => gateway.Key).ToArray())
        {
            RefreshWaypoint(key);
            if (isOthers)
            {
                MarkUsers(key);
            }
        }
    }

    /// <summary>Computes what is due and returns what changed.</summary>
    public IReadOnlyList<ResourceChange> Take()
    {
        _changes.Clear();
        while (_former?.TakeEnded() is { } service)
        {
            MarkHostOf(service);
        }

        while (_due.Count > 0)
        {
            foreach (Source source in TakeDue())
            {
                Computed++;
                ForgetUses(source);
                ForgetNetworks(source);
                Compute(source);
            }
        }

        return [.. _changes];
    }

    /// <summary>What is computed next. Hosts come first: which services there are decides what workloads belong to.</summary>
    private HashSet<Source> TakeDue()
    {
        // A set that held the whole mesh once is walked at that length for ever after, so what is left gets a new one.
        HashSet<Source> all = _due, hosts = [.. all.Where(static source => source.Kind == SourceKind.Host)];
        _due = hosts.Count == 0 || hosts.Count == all.Count ? [] : [.. all.Where(static source => source.Kind != SourceKind.Host)];
        return hosts.Count == 0 ? all : hosts;
    }

    private void Compute(Source source)
    {
        switch (source.Kind)
        {
            case SourceKind.Host:
                ComputeHost(source.Key.Name);
                break;
            case SourceKind.Pod:
                ComputePod(source);
                break;
            case SourceKind.WorkloadEntry:
                ComputeWorkloadEntry(source);
                break;
            case SourceKind.ServiceEntry:
                ComputeEndpoints(source);
                break;
            case SourceKind.EndpointSlice:
                ComputeSlice(source);
                break;
            case SourceKind.NetworkGateway:
                ComputeNetworkGateway(source);
                break;
            case SourceKind.Policy:
                ComputePolicy(source);
                break;
            case SourceKind.PeerAuthentication:
                ComputePeerAuthentication(source);
                break;
            case SourceKind.WaypointRefusal:
                ComputeRefusal(source);
                break;
            case SourceKind.ServiceBinding or SourceKind.ServiceEntryBinding or SourceKind.WorkloadEntryBinding or SourceKind.PolicyBinding or SourceKind.PeerBinding:
                ComputeConditions(source);
                break;
            default:
                ComputeStaticStrict(source);
                break;
        }
    }

    /// <summary>Replaces all that a source gave before by what it gives now.</summary>
    private void Give(Source source, IReadOnlyList<ResourceChange> now)
    {
        _results.TryGetValue(source, out Dictionary<string, string>? before);
        foreach (ResourceChange gone in Gone(before, now))
        {
            _changes.Add(gone);
            if (gone.TypeUrl == AddressType && source.Kind != SourceKind.Host)
            {
                DropRefusal(gone.Name);
                facts?.OnWorkload(gone.Name, null);
            }
        }

        _changes.AddRange(now);
        if (now.Count == 0)
        {
            _results.Remove(source);
        }
        else
        {
            _results[source] = now.ToDictionary(static change => change.Name, static change => change.TypeUrl, StringComparer.Ordinal);
        }
    }

    /// <summary>What was given before and is not now. Each list is walked once: an object may have thousands of endpoints.</summary>
    internal static IEnumerable<ResourceChange> Gone(Dictionary<string, string>? before, IReadOnlyList<ResourceChange> now)
    {
        if (before is null)
        {
            return [];
        }

        var stays = new HashSet<string>(now.Select(static change => change.Name), StringComparer.Ordinal);
        return before.Where(given => !stays.Contains(given.Key)).Select(static given => new ResourceChange(given.Value, given.Key, null));
    }

    private void Mark(SourceKind kind, ResourceKey key) => _due.Add(new Source(kind, key));

    private void MarkAll(SourceKind kind, IEnumerable<ResourceKey> keys)
    {
        foreach (ResourceKey key in keys)
        {
            Mark(kind, key);
        }
    }

    private void MarkNamespace(string name)
    {
        MarkAll(SourceKind.Pod, _podLabels.Of(name));
        MarkAll(SourceKind.WorkloadEntry, _entryLabels.Of(name));
        MarkAll(SourceKind.WorkloadEntryBinding, _entryLabels.Of(name));
        RefreshServicesOf(name);
    }

    private void RefreshNetwork()
    {
        foreach ((ResourceKey key, Gateway gateway) in _gateways.ToArray())
        {
            RefreshWaypoint(key);
            RefreshNetworkGateway(key, gateway);
        }

        MarkAll(SourceKind.Pod, _pods.Keys);
        MarkAll(SourceKind.WorkloadEntry, _entries.Keys);
        MarkAll(SourceKind.EndpointSlice, _slices.Keys);
        RefreshServicesOf(null);
    }

    /// <summary>Everything is due.</summary>
    public void MarkEverything()
    {
        RefreshNetwork();
        MarkAll(SourceKind.NetworkGateway, _networkGateways.Keys);
    }

    private void RefreshWaypoint(ResourceKey key)
    {
        WaypointGateway? waypoint = _gateways.TryGetValue(key, out Gateway? gateway)
            ? WaypointGateway.Of(gateway, _classes.GetValueOrDefault(gateway.Spec.GatewayClassName), _network)
            : null;
        if (Equals(_waypoints.GetValueOrDefault(key), waypoint))
        {
            return;
        }

        Put(_waypoints, key, waypoint);
        _due.UnionWith(_waypointUsers.TryGetValue(key, out HashSet<Source>? users) ? users : []);
    }

    /// <summary>The waypoint that an object is bound to; null: none, or the one it names is not for it. Whoever asks hears of changes.</summary>
    private WaypointGateway? Waypoint(Source user, StringMap labels, string @namespace, string trafficType)
    {
        var reference = WaypointReference.Of(labels, LabelsOf(@namespace), @namespace);
        Use(user, reference?.Key);
        return reference is not null && Judge(reference, @namespace, trafficType, out WaypointGateway? waypoint) == BindingReason.Bound ? waypoint : null;
    }

    private BindingReason Judge(WaypointReference reference, string @namespace, string trafficType, out WaypointGateway? waypoint) =>
        !_waypoints.TryGetValue(reference.Key, out waypoint) ? BindingReason.NotReady
        : !waypoint.Allows(@namespace, LabelsOf(@namespace)) ? BindingReason.Denied
        : waypoint.TrafficType != trafficType && waypoint.TrafficType != "all" ? BindingReason.WrongTraffic
        : BindingReason.Bound;

    private void Use(Source user, ResourceKey? waypoint)
    {
        if (waypoint is not { } key)
        {
            return;
        }

        if (!_waypointsOf.TryGetValue(user, out List<ResourceKey>? used))
        {
            _waypointsOf[user] = used = [];
        }

        used.Add(key);
        LabelIndex.Add(_waypointUsers, key, user);
    }

    /// <summary>What a computation depended on is found out anew each time.</summary>
    private void ForgetUses(Source user)
    {
        if (_waypointsOf.Remove(user, out List<ResourceKey>? used))
        {
            used.ForEach(key => LabelIndex.Drop(_waypointUsers, key, user));
        }
    }

    private StringMap LabelsOf(string @namespace) => _namespaces.TryGetValue(@namespace, out Namespace? found) ? found.Metadata.Labels : StringMap.Empty;

    private StringMap AnnotationsOf(string @namespace) => _namespaces.TryGetValue(@namespace, out Namespace? found) ? found.Metadata.Annotations : StringMap.Empty;

    /// <summary>Objects of another revision are not seen (control-plane reference 5.8).</summary>
    private bool IsOurs(Resource resource) => resource.Metadata.Labels.Find(RevisionLabel) is not { } revision || revision == settings.Revision;

    private static void Put<TKey, TValue>(Dictionary<TKey, TValue> table, TKey key, TValue? now)
        where TKey : notnull
        where TValue : class
    {
        if (now is null)
        {
            table.Remove(key);
        }
        else
        {
            table[key] = now;
        }
    }
}

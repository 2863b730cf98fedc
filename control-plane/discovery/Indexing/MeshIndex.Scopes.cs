using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Scopes;
using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private readonly HashSet<string> _globals = new(StringComparer.Ordinal);
    private readonly HashSet<ResourceKey> _globalWaypoints = [];
    private readonly SortedSet<ResourceKey> _eastWest = new(Comparer<ResourceKey>.Create(static (one, other) => string.CompareOrdinal(one.ToString(), other.ToString())));
    private string? _meshConfig;
    private ServiceScopes _scopes = ServiceScopes.Shipped;

    /// <summary>Whether other clusters reach a service, by its resource's name: by its own scope, or because its waypoint is global (control-plane reference 9.5).</summary>
    public bool IsGlobal(string service) => _globals.Contains(service);

    /// <summary>MeshConfig as YAML; null: there is none. What is wrong with it, or null; then what it said last stays.</summary>
    public string? SetMeshConfig(string? yaml)
    {
        if (!settings.SpansClusters || yaml == _meshConfig)
        {
            return null;
        }

        if (!ServiceScopes.TryRead(yaml, out ServiceScopes? scopes, out string? error))
        {
            return error;
        }

        (_meshConfig, _scopes) = (yaml, scopes);
        RefreshServicesOf(null);
        return null;
    }

    /// <summary>Gives another cluster's index what only the control plane's own cluster decides: policies, and which services are global (9.9, 9.5).</summary>
    internal void ShareWith(MeshIndex other)
    {
        foreach ((ResourceKey key, Kubernetes.Resources.Istio.AuthorizationPolicy policy) in _policies)
        {
            other.SetPolicy(key, policy, isGuard: _guards.Contains(key));
        }

        foreach ((ResourceKey key, Kubernetes.Resources.Istio.PeerAuthentication peer) in _peers)
        {
            other.SetPeerAuthentication(key, peer);
        }

        other.SetMeshConfig(_meshConfig);
        other.SetVisibility(_visibilityRead);
    }

    /// <summary>Computes what is due, with what the merge of several clusters has to know of it.</summary>
    internal ClusterUpdate TakeUpdate()
    {
        IReadOnlyList<ResourceChange> changes = Take();
        return new ClusterUpdate(changes, _network, OwnGateways, changes.Select(static change => change.Name).Where(_globals.Contains).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Finds out whether a service is global. When it is a waypoint's own, those that the waypoint serves hear of a change.</summary>
    private bool SetScope(ServiceView view, WaypointGateway? waypoint)
    {
        if (!settings.SpansClusters)
        {
            return false;
        }

        bool isOwn = _scopes.IsGlobal(view.Labels, LabelsOf(view.Message.Namespace));
        SetWaypointScope(view, isOwn);
        bool isGlobal = isOwn || (waypoint is not null && _globalWaypoints.Contains(waypoint.Key));
        if (isGlobal)
        {
            _globals.Add(view.Name);
        }
        else
        {
            _globals.Remove(view.Name);
        }

        return isGlobal;
    }

    private void ForgetScope(ServiceView view)
    {
        _globals.Remove(view.Name);
        SetWaypointScope(view, isGlobal: false);
    }

    private void SetWaypointScope(ServiceView view, bool isGlobal)
    {
        if (view.IsEntry || view.Labels.Find(InstanceLabel) is not { Length: > 0 } gateway)
        {
            return;
        }

        var key = new ResourceKey(view.Message.Namespace, gateway);
        bool isChanged = isGlobal ? _globalWaypoints.Add(key) : _globalWaypoints.Remove(key);
        if (isChanged && _waypointUsers.TryGetValue(key, out HashSet<Source>? users))
        {
            _due.UnionWith(users.Where(static user => user.Kind == SourceKind.Host));
        }
    }

    /// <summary>Gateways for callers of other networks serve every global service: what that is, they learn as waypoints do.</summary>
    private void RefreshEastWest(ResourceKey key, Gateway? now)
    {
        bool isThere = settings.SpansClusters && !isRemote && now is not null && NetworkGateway.IsEastWest(now);
        if (isThere ? !_eastWest.Add(key) : !_eastWest.Remove(key))
        {
            return;
        }

        foreach (string service in _globals)
        {
            MarkHostOf(service);
        }
    }
}

using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>
/// One mesh of several clusters (control-plane reference section 9): what the control plane's own cluster has passes through, services of one name are one, workloads
/// of other clusters on our network are told one by one, and those of other networks as one for each gateway and service. A change costs what depends on it.
/// Thread-safe.
/// </summary>
public sealed class ClusterMerge
{
    private readonly Func<IReadOnlyList<ResourceChange>, int> _store;
    private readonly MeshSettings _settings;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServiceClaim> _own = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, RemoteCluster> _remotes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceMembers> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _globals = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Service, string Network), IReadOnlyList<string>> _summaries = [];
    private readonly HashSet<string> _toldGateways = new(StringComparer.Ordinal);
    private readonly HashSet<string> _dueServices = new(StringComparer.Ordinal);
    private readonly HashSet<(string Service, string Network)> _dueSummaries = [];
    private readonly HashSet<(string Cluster, string Uid)> _dueWorkloads = [];
    private readonly List<ResourceChange> _changes = [];
    private readonly HostClaims _hosts;
    private IReadOnlyList<NetworkGateway> _ownGateways = [];
    private string _network = "";

    /// <summary>Knows no cluster yet; what comes of them goes into the store.</summary>
    public ClusterMerge(ResourceStore store, MeshSettings settings)
        : this(store.Apply, settings)
    {
    }

    internal ClusterMerge(Func<IReadOnlyList<ResourceChange>, int> store, MeshSettings settings) => (_store, _settings, _hosts) = (store, settings, new HostClaims(settings.DomainSuffix));

    /// <summary>Raised outside of the lock when our own network is another one: other clusters' workloads are to be told anew.</summary>
    public event Action? NetworkChanged;

    /// <summary>How many pieces were computed since the beginning.</summary>
    public long Computed { get; private set; }

    /// <summary>How much is remembered of other clusters: what tests of leaks look at.</summary>
    internal (int Clusters, int Members, int Summaries, int Gateways, int Hosts) Held => (_remotes.Count, _members.Count, _summaries.Count, _toldGateways.Count, _hosts.Count);

    private string TrustDomain => _settings.TrustDomain == MeshSettings.DefaultTrustDomain ? "" : _settings.TrustDomain;

    /// <summary>How many services and workloads another cluster has; null: it is not part of the mesh.</summary>
    public (int Services, int Workloads, string Network)? Count(string cluster)
    {
        lock (_gate)
        {
            return _remotes.TryGetValue(cluster, out RemoteCluster? remote) ? (remote.Services.Count, remote.Workloads.Count, remote.Network) : null;
        }
    }

    /// <summary>Takes what changed in the own cluster, and stores it with what else belongs to the same step; how many resources are different.</summary>
    internal int ApplyOwn(ClusterUpdate update, IReadOnlyList<ResourceChange> further)
    {
        int count;
        bool isElsewhere;
        lock (_gate)
        {
            foreach (ResourceChange change in update.Changes)
            {
                ReadOwn(change, update);
            }

            isElsewhere = _network != update.Network && _remotes.Count > 0;
            _network = update.Network;
            if (isElsewhere)
            {
                _dueServices.UnionWith(_remotes.Values.SelectMany(static remote => remote.Services.Keys));
            }

            SetGateways(ref _ownGateways, update.Gateways);
            _changes.AddRange(further);
            count = StoreDue();
        }

        if (isElsewhere)
        {
            NetworkChanged?.Invoke();
        }

        return count;
    }

    /// <summary>Takes what changed in another cluster; how many resources are different.</summary>
    /// <param name="cluster">Its name.</param>
    /// <param name="update">What changed.</param>
    /// <param name="isWhole">Whether it is all that the cluster has: what was there before and is not in it, is gone.</param>
    internal int Apply(string cluster, ClusterUpdate update, bool isWhole)
    {
        lock (_gate)
        {
            if (!_remotes.TryGetValue(cluster, out RemoteCluster? remote))
            {
                _remotes[cluster] = remote = new RemoteCluster();
            }

            if (isWhole)
            {
                HashSet<string> now = [.. update.Changes.Where(static change => change.Content is not null).Select(static change => change.Name)];
                Forget(cluster, remote, name => !now.Contains(name));
            }

            foreach (ResourceChange change in update.Changes.Where(static change => change.TypeUrl == MeshIndex.AddressType))
            {
                Read(cluster, remote, change, update);
            }

            IReadOnlyList<NetworkGateway> gateways = remote.Gateways;
            SetGateways(ref gateways, update.Gateways);
            (remote.Gateways, remote.Network) = (gateways, update.Network);
            return StoreDue();
        }
    }

    /// <summary>A cluster does not belong to the mesh any more: all that came from it goes.</summary>
    public int Remove(string cluster)
    {
        lock (_gate)
        {
            if (!_remotes.TryGetValue(cluster, out RemoteCluster? remote))
            {
                return 0;
            }

            Forget(cluster, remote, static _ => true);
            _remotes.Remove(cluster);
            IReadOnlyList<NetworkGateway> gateways = remote.Gateways;
            SetGateways(ref gateways, []);
            return StoreDue();
        }
    }

    private void ReadOwn(ResourceChange change, ClusterUpdate update)
    {
        if (change.TypeUrl == MeshIndex.AddressType && (change.Content is { } content ? IsService(content) : _own.ContainsKey(change.Name)))
        {
            ServiceClaim? claim = change.Content is null ? null : new ServiceClaim(change.Content, update.Globals.Contains(change.Name));
            _dueServices.Add(change.Name);
            _dueServices.UnionWith(_hosts.SetOwn(change.Name, claim?.Message.Canonical == true));
            if (claim is null)
            {
                _own.Remove(change.Name);
            }
            else
            {
                _own[change.Name] = claim;
            }

            return;
        }

        _changes.Add(change);
    }

    private void Read(string cluster, RemoteCluster remote, ResourceChange change, ClusterUpdate update)
    {
        if (change.Content is { } content && IsService(content))
        {
            remote.Services[change.Name] = new ServiceClaim(content, update.Globals.Contains(change.Name));
            MarkRemote(change.Name);
        }
        else if (change.Content is null && remote.Services.Remove(change.Name))
        {
            MarkRemote(change.Name);
        }
        else if (!change.Name.StartsWith(NetworkGateway.UidPrefix, StringComparison.Ordinal))
        {
            SetWorkload(cluster, remote, change.Name, change.Content is null ? null : RemoteWorkload.Of(change.Content, _network));
        }
    }

    private void Forget(string cluster, RemoteCluster remote, Func<string, bool> isGone)
    {
        foreach (string name in remote.Services.Keys.Where(isGone).ToArray())
        {
            remote.Services.Remove(name);
            MarkRemote(name);
        }

        foreach (string uid in remote.Workloads.Keys.Where(isGone).ToArray())
        {
            SetWorkload(cluster, remote, uid, null);
        }
    }

    /// <summary>A service of another cluster is different: it is due, and so are others of its host.</summary>
    private void MarkRemote(string name)
    {
        _dueServices.Add(name);
        _dueServices.UnionWith(_hosts.SetRemote(name, _remotes.Values.Any(remote => remote.Services.ContainsKey(name))));
    }

    private void SetWorkload(string cluster, RemoteCluster remote, string uid, RemoteWorkload? now)
    {
        if (remote.Workloads.Remove(uid, out RemoteWorkload? before))
        {
            List(cluster, uid, before, -1);
        }

        if (now is not null)
        {
            remote.Workloads[uid] = now;
            List(cluster, uid, now, 1);
        }

        if (before?.Content is not null || now?.Content is not null)
        {
            _dueWorkloads.Add((cluster, uid));
        }
    }

    /// <summary>Counts a workload in or out of its services.</summary>
    private void List(string cluster, string uid, RemoteWorkload workload, int sign)
    {
        foreach (string service in workload.Services)
        {
            if (!_members.TryGetValue(service, out ServiceMembers? members))
            {
                _members[service] = members = new ServiceMembers();
            }

            if (workload.Content is not null)
            {
                _ = sign > 0 ? members.Near.Add((cluster, uid)) : members.Near.Remove((cluster, uid));
            }
            else
            {
                _dueSummaries.Add((service, workload.Network));
                if (Tally(members, workload.Network).Add(workload, sign))
                {
                    _dueServices.Add(service);
                }

                if (members.Far[workload.Network].Count == 0)
                {
                    members.Far.Remove(workload.Network);
                }
            }

            if (members.IsEmpty)
            {
                _members.Remove(service);
            }
        }
    }

    private static NetworkTally Tally(ServiceMembers members, string network)
    {
        if (!members.Far.TryGetValue(network, out NetworkTally? tally))
        {
            members.Far[network] = tally = new NetworkTally();
        }

        return tally;
    }

    private void SetGateways(ref IReadOnlyList<NetworkGateway> known, IReadOnlyList<NetworkGateway> now)
    {
        if (ReferenceEquals(known, now) || known.SequenceEqual(now))
        {
            return;
        }

        HashSet<string> networks = [.. known.Concat(now).Select(static gateway => gateway.Network)];
        known = now;
        foreach ((string service, ServiceMembers members) in _members)
        {
            _dueSummaries.UnionWith(members.Far.Keys.Where(networks.Contains).Select(network => (service, network)));
        }
    }

    /// <summary>Services first: which of them are global decides about their endpoints.</summary>
    private int StoreDue()
    {
        foreach (string name in _dueServices)
        {
            Computed++;
            ComputeService(name);
        }

        foreach ((string service, string network) in _dueSummaries)
        {
            Computed++;
            ComputeSummary(service, network);
        }

        foreach ((string cluster, string uid) in _dueWorkloads)
        {
            Computed++;
            _changes.Add(new ResourceChange(MeshIndex.AddressType, uid, NearContent(cluster, uid)));
        }

        ComputeGateways();
        _dueServices.Clear();
        _dueSummaries.Clear();
        _dueWorkloads.Clear();
        int count = _changes.Count == 0 ? 0 : _store(_changes);
        _changes.Clear();
        return count;
    }

    private void ComputeService(string name)
    {
        ServiceMembers? members = _members.GetValueOrDefault(name);
        (ResourceContent? content, bool isGlobal) = Merged(name, members);
        _changes.Add(new ResourceChange(MeshIndex.AddressType, name, content));
        bool isChanged = isGlobal ? _globals.Add(name) : _globals.Remove(name);
        if (members is null)
        {
            return;
        }

        _dueSummaries.UnionWith(members.Far.Keys.Select(network => (name, network)));
        if (isChanged)
        {
            _dueWorkloads.UnionWith(members.Near);
        }
    }

    private (ResourceContent? Content, bool IsGlobal) Merged(string name, ServiceMembers? members) => ServiceMerge.Of(
        _own.GetValueOrDefault(name),
        _remotes.Values.Select(remote => remote.Services.GetValueOrDefault(name)).OfType<ServiceClaim>(),
        members is null ? [] : [.. members.Far.Values.SelectMany(static tally => tally.Identities).Select(static identity => identity.ToString())],
        _network,
        !_own.ContainsKey(name) && _hosts.IsCanonical(name, _remotes.Values, _own.ContainsKey));

    private void ComputeSummary(string service, string network)
    {
        var now = new List<string>();
        if (_globals.Contains(service) && _members.GetValueOrDefault(service)?.Far.GetValueOrDefault(network) is { Weight: > 0 } tally
            && Merged(service, null).Content is { } content && GatewaysOf(network) is { Length: > 0 } ways)
        {
            foreach ((string Cluster, NetworkGateway Gateway) way in ways)
            {
                Workload workload = SplitHorizon.Of(service, ((Address)content.Message).Service, tally, way, ways.Length, TrustDomain);
                _changes.Add(new ResourceChange(MeshIndex.AddressType, workload.Uid, SplitHorizon.Content(workload)));
                now.Add(workload.Uid);
            }
        }

        IReadOnlyList<string> before = _summaries.GetValueOrDefault((service, network)) ?? [];
        _changes.AddRange(before.Except(now, StringComparer.Ordinal).Select(static uid => new ResourceChange(MeshIndex.AddressType, uid, null)));
        if (now.Count == 0)
        {
            _summaries.Remove((service, network));
        }
        else
        {
            _summaries[(service, network)] = now;
        }
    }

    /// <summary>A network's gateways: what the own cluster says of it comes first. The same address twice is one way.</summary>
    private (string Cluster, NetworkGateway Gateway)[] GatewaysOf(string network) =>
        [.. _ownGateways.Select(gateway => (_settings.ClusterId, gateway))
            .Concat(_remotes.SelectMany(static remote => remote.Value.Gateways.Select(gateway => (remote.Key, gateway))))
            .Where(way => way.gateway.Network == network)
            .DistinctBy(static way => way.gateway.Host)];

    /// <summary>
    /// Who the gateways of other clusters are: few, so that all are looked at. The own cluster's objects are told by its index, and one that these name is no other: what
    /// identity it has, is said once.
    /// </summary>
    private void ComputeGateways()
    {
        if (_remotes.Count == 0 && _toldGateways.Count == 0)
        {
            return;
        }

        Dictionary<string, NetworkGateway> now = new(StringComparer.Ordinal);
        foreach (NetworkGateway gateway in _remotes.Values.SelectMany(static remote => remote.Gateways).Where(gateway => !_ownGateways.Any(own => own.Network == gateway.Network && own.Host == gateway.Host)))
        {
            now.TryAdd(gateway.Uid, gateway);
        }

        foreach (string gone in _toldGateways.Where(uid => !now.ContainsKey(uid)).ToArray())
        {
            _toldGateways.Remove(gone);
            _changes.Add(new ResourceChange(MeshIndex.AddressType, gone, null));
        }

        foreach ((string uid, NetworkGateway gateway) in now)
        {
            // Told again each time: the store sees that nothing is different.
            _toldGateways.Add(uid);
            _changes.Add(MeshIndex.ToChange(gateway.ToWorkload(TrustDomain)));
        }
    }

    /// <summary>A workload on our own network, listed by global services alone.</summary>
    private ResourceContent? NearContent(string cluster, string uid)
    {
        if (_remotes.GetValueOrDefault(cluster)?.Workloads.GetValueOrDefault(uid) is not { Content: { } content } known || known.Services.All(_globals.Contains))
        {
            return _remotes.GetValueOrDefault(cluster)?.Workloads.GetValueOrDefault(uid)?.Content;
        }

        Workload message = ((Address)content.Message).Workload.Clone();
        foreach (string service in known.Services.Where(service => !_globals.Contains(service)))
        {
            message.Services.Remove(service);
        }

        return content with { Message = new Address { Workload = message }, Groups = [.. message.Services.Keys] };
    }

    private static bool IsService(ResourceContent content) => ((Address)content.Message).Service is not null;
}

using Ambient.ControlPlane.Discovery.Settings;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using GatewayAddress = Ambient.Protocol.Istio.Workload.GatewayAddress;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private readonly Dictionary<ResourceKey, NetworkGateway> _networkGateways = [];
    private readonly Dictionary<string, HashSet<Source>> _networkUsers = new(StringComparer.Ordinal);
    private readonly Dictionary<Source, List<string>> _networksOf = [];

    private readonly SortedDictionary<string, IReadOnlyList<NetworkGateway>> _foreignGateways = new(StringComparer.Ordinal);
    private NetworkGateway[]? _ownGateways;

    /// <summary>The gateways that this cluster's objects tell of, in a fixed order. The same list while they are the same.</summary>
    internal IReadOnlyList<NetworkGateway> OwnGateways => _ownGateways ??=
        [.. _networkGateways.Values.OrderBy(static gateway => gateway.Key.Namespace, StringComparer.Ordinal).ThenBy(static gateway => gateway.Key.Name, StringComparer.Ordinal)];

    private string TrustDomain => settings.TrustDomain == MeshSettings.DefaultTrustDomain ? "" : settings.TrustDomain;

    private void RefreshNetworkGateway(ResourceKey key, Gateway? now)
    {
        NetworkGateway? before = _networkGateways.GetValueOrDefault(key), after = now is null ? null : isRemote ? NetworkGateway.OfRemote(now, _network) : NetworkGateway.Of(now);
        if (Equals(before, after))
        {
            return;
        }

        Put(_networkGateways, key, after);
        _ownGateways = null;
        Mark(SourceKind.NetworkGateway, key);
        MarkUsersOf(new[] { before?.Network, after?.Network }.OfType<string>());
    }

    /// <summary>The gateways that another cluster tells of: workloads that are written down for its network go through them. None: it is gone.</summary>
    internal void SetForeignGateways(string cluster, IReadOnlyList<NetworkGateway> now)
    {
        IReadOnlyList<NetworkGateway> before = _foreignGateways.GetValueOrDefault(cluster) ?? [];
        if (before.SequenceEqual(now))
        {
            return;
        }

        if (now.Count == 0)
        {
            _foreignGateways.Remove(cluster);
        }
        else
        {
            _foreignGateways[cluster] = now;
        }

        MarkUsersOf(before.Concat(now).Select(static gateway => gateway.Network));
    }

    private void MarkUsersOf(IEnumerable<string> networks)
    {
        foreach (string network in networks.Distinct(StringComparer.Ordinal))
        {
            _due.UnionWith(_networkUsers.TryGetValue(network, out HashSet<Source>? users) ? users : []);
        }
    }

    private void ComputeNetworkGateway(Source source) =>
        Give(source, _networkGateways.TryGetValue(source.Key, out NetworkGateway? gateway) ? [ToChange(gateway.ToWorkload(TrustDomain))] : []);

    /// <summary>The first gateway of another network; whoever asks hears of changes. None for our own.</summary>
    private GatewayAddress? GatewayOf(Source user, string network)
    {
        if (network == _network || network.Length == 0)
        {
            return null;
        }

        if (!_networksOf.TryGetValue(user, out List<string>? used))
        {
            _networksOf[user] = used = [];
        }

        used.Add(network);
        LabelIndex.Add(_networkUsers, network, user);
        return OwnGateways.Concat(_foreignGateways.Values.SelectMany(static gateways => gateways)).FirstOrDefault(gateway => gateway.Network == network)?.Address;
    }

    private void ForgetNetworks(Source user)
    {
        if (_networksOf.Remove(user, out List<string>? used))
        {
            used.ForEach(network => LabelIndex.Drop(_networkUsers, network, user));
        }
    }
}

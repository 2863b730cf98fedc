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

    private string TrustDomain => settings.TrustDomain == MeshSettings.DefaultTrustDomain ? "" : settings.TrustDomain;

    private void RefreshNetworkGateway(ResourceKey key, Gateway? now)
    {
        NetworkGateway? before = _networkGateways.GetValueOrDefault(key), after = now is null ? null : NetworkGateway.Of(now);
        if (Equals(before, after))
        {
            return;
        }

        Put(_networkGateways, key, after);
        Mark(SourceKind.NetworkGateway, key);
        foreach (string network in new[] { before?.Network, after?.Network }.OfType<string>().Distinct(StringComparer.Ordinal))
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
        return _networkGateways.Values.Where(gateway => gateway.Network == network)
            .OrderBy(static gateway => gateway.Key.Namespace, StringComparer.Ordinal).ThenBy(static gateway => gateway.Key.Name, StringComparer.Ordinal)
            .FirstOrDefault()?.Address;
    }

    private void ForgetNetworks(Source user)
    {
        if (_networksOf.Remove(user, out List<string>? used))
        {
            used.ForEach(network => LabelIndex.Drop(_networkUsers, network, user));
        }
    }
}

using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;
using Google.Protobuf;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>Several clusters and the mesh that comes of them.</summary>
internal sealed class ClusterSet
{
    public static readonly MeshSettings Settings = Tests.Cluster.Settings with { SpansClusters = true };

    private readonly SortedDictionary<string, Cluster> _remotes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _joined = [];
    private readonly SortedSet<string> _told = new(StringComparer.Ordinal);

    public ClusterSet(string network = "testnetwork")
    {
        Merge = new ClusterMerge(Store, Settings);
        Own.Namespace("istio-system", Network(network));
        Merge.NetworkChanged += () =>
        {
            foreach (Cluster remote in _remotes.Values)
            {
                remote.Index.MarkEverything();
            }
        };
    }

    public ClusterMerge Merge { get; }

    public Cluster Own { get; } = new(Settings, isRemote: false);

    public SortedDictionary<string, ResourceContent> Resources { get; } = new(StringComparer.Ordinal);

    /// <summary>A remote cluster, not joined before the next flush.</summary>
    public Cluster Remote(string id, string network)
    {
        var cluster = new Cluster(Settings with { ClusterId = id }, isRemote: true);
        Own.Index.ShareWith(cluster.Index);
        cluster.Namespace("istio-system", Network(network));
        _remotes[id] = cluster;
        return cluster;
    }

    /// <summary>The cluster, known since before or new.</summary>
    public Cluster RemoteOf(string id, string network) => _remotes.GetValueOrDefault(id) ?? Remote(id, network);

    public void Leave(string id)
    {
        _remotes.Remove(id);
        _joined.Remove(id);
        Merge.Remove(id);
        Own.Index.SetForeignGateways(id, []);
    }

    /// <summary>A new connection to a cluster takes the place of the old one: what it has now is all there is.</summary>
    public void Reconnect(string id) => _joined.Remove(id);

    /// <summary>The names whose resources are different since the last call, as "+name" and "-name".</summary>
    public string Events()
    {
        Flush();
        string events = string.Join(' ', _told);
        _told.Clear();
        return events;
    }

    public void Flush()
    {
        Merge.ApplyOwn(Own.Index.TakeUpdate(), []);
        foreach ((string id, Cluster remote) in _remotes)
        {
            ClusterUpdate update = remote.Index.TakeUpdate();
            Merge.Apply(id, update, isWhole: _joined.Add(id));
            Own.Index.SetForeignGateways(id, update.Gateways);
        }

        Merge.ApplyOwn(Own.Index.TakeUpdate(), []);
    }

    public Workload Workload(string uid) => ((Address)Resources[uid].Message).Workload;

    public Service Service(string name) => ((Address)Resources[name].Message).Service;

    /// <summary>Everything, for comparison.</summary>
    public string Text()
    {
        Flush();
        return string.Join('\n', Resources.Select(static item => $"{item.Key}: {item.Value.Message} {string.Join(',', item.Value.Aliases.Order())} {string.Join(',', item.Value.Groups)} {item.Value.Node}"));
    }

    public static string Network(string network) => $$"""{"topology.istio.io/network":"{{network}}"}""";

    private int Store(IReadOnlyList<ResourceChange> changes)
    {
        int count = 0;
        foreach (ResourceChange change in changes)
        {
            ResourceContent? before = Resources.GetValueOrDefault(change.Name);
            if (change.Content is null ? before is null : before is not null && before.Message.ToByteString() == change.Content.Message.ToByteString())
            {
                continue;
            }

            count++;
            _told.Add((change.Content is null ? "-" : "+") + change.Name);
            if (change.Content is null)
            {
                Resources.Remove(change.Name);
            }
            else
            {
                Resources[change.Name] = change.Content;
            }
        }

        return count;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>An own cluster that runs, Secrets, and the clusters that their kubeconfigs mean.</summary>
internal sealed class RemoteMesh : RemoteClusterObserver, IClusterConnector, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, FakeSource> _sources = new(StringComparer.Ordinal);
    private readonly ResourceStore _store = new([MeshIndex.PolicyType, MeshIndex.AddressType]);
    private readonly CancellationTokenSource _stop = new();
    private readonly DiscoveryFeed _feed;
    private Task _running = Task.CompletedTask;
    private bool _isDisposed;

    public RemoteMesh()
    {
        var merge = new ClusterMerge(_store, ClusterSet.Settings);
        _feed = DiscoveryFeed.Own(Own, new MeshIndex(ClusterSet.Settings), merge, new FeedObserver(), null);
        Clusters = new RemoteClusters(_feed, merge, ClusterSet.Settings, this, this, TimeProvider.System);
    }

    public FakeSource Own { get; } = new();

    public RemoteClusters Clusters { get; }

    public ConcurrentQueue<string> Notes { get; } = [];

    public ConcurrentQueue<string> Unlabelled { get; } = [];

    public IEnumerable<string> Names => _store.Versions(MeshIndex.AddressType).Keys;

    public void Start(TimeSpan patience) => _running = Task.WhenAll(_feed.RunAsync(_stop.Token), Clusters.RunAsync(Own, patience, _stop.Token));

    /// <summary>What a kubeconfig means; it has one pod of the given name.</summary>
    public FakeSource Means(string kubeconfig, string pod, bool answers = true, string network = "") => _sources[kubeconfig] = new FakeSource(answers)
        .With(KnownResources.Namespaces, Cluster.Meta("istio-system", "", ClusterSet.Network(network), "{}"))
        .With(KnownResources.Pods, Cluster.Meta(pod, "ns1", "{}", "{}", """ "spec":{},"status":{"phase":"Running","podIP":"10.5.0.1"} """));

    public void Secret(string name, params (string Key, string Value)[] data) => Clusters.Set(
        new ResourceKey("istio-system", name),
        new Secret
        {
            Metadata = new ObjectMeta { Namespace = "istio-system", Name = name },
            Data = new SecretData(data.Select(static item => KeyValuePair.Create(item.Key, Encoding.UTF8.GetBytes(item.Value)))),
        });

    public void NoSecret(string name) => Clusters.Set(new ResourceKey("istio-system", name), null);

    public string States => string.Join(' ', Clusters.Statuses.Select(static one => $"{one.Id}={one.State}{(one.Problem is { } problem ? $"({problem})" : "")}"));

    public bool TryConnect(string cluster, string kubeconfig, [NotNullWhen(true)] out IClusterConnection? connection, [NotNullWhen(false)] out string? error)
    {
        connection = _sources.TryGetValue(kubeconfig, out FakeSource? source) ? new FakeConnection(kubeconfig, source, Notes) : null;
        error = connection is null ? "users[u].exec: programs are not started" : null;
        return connection is not null;
    }

    public override void OnRefused(string secret, string key, string problem) => Notes.Enqueue($"refused {secret} {key}: {problem}");

    public override void OnRemoved(string cluster) => Notes.Enqueue("removed " + cluster);

    public override void OnUnlabelled(string cluster) => Unlabelled.Enqueue(cluster);

    public override void OnLate(string cluster) => Notes.Enqueue("late " + cluster);

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}

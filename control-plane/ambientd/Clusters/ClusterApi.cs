using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Tokens;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Clusters;

/// <summary>Another cluster's API server: its objects, its judgement of tokens, and the pods that node authorisation asks for. Thread-safe.</summary>
internal sealed class ClusterApi : FeedObserver, IClusterConnection
{
    private readonly string _cluster;
    private readonly ClusterBook _book;
    private readonly KubernetesClient _client;
    private readonly KubernetesSource _source;
    private readonly Logger _log;

    internal ClusterApi(string cluster, ClusterConnection connection, ClusterBook book, IReadOnlyList<string> audiences, TimeProvider clock, LogHub logs)
    {
        (_cluster, _book, _log) = (cluster, book, logs.For("ambientd::clusters"));
        _client = new KubernetesClient(connection, new ClientOptions { UserAgent = "ambientd" }, clock);
        _source = new KubernetesSource(_client, new WatchOptions(), clock, _log);
        Tokens = new RememberedReviews(new ApiTokenReviewer(_client, cluster, audiences), clock, reason => _log.Warn("the API server did not judge a token", LogField.Of("reason", reason)));
        book.Expect(cluster, this);
    }

    /// <summary>Who judges its tokens.</summary>
    public ITokenReviewer Tokens { get; }

    /// <summary>Its pods.</summary>
    public PodIndex Pods { get; } = new();

    public IResourceSource Source => _source;

    public FeedObserver Observer => this;

    public string? Trouble => _source.Counters.OrderBy(static kind => kind.Key, StringComparer.Ordinal)
        .Select(static kind => kind.Value.Trouble is { } trouble ? $"{kind.Key}: {trouble}" : null).FirstOrDefault(static trouble => trouble is not null);

    public void Join() => _book.Put(_cluster, this);

    public void Leave() => _book.Drop(_cluster, this);

    public void Dispose() => _client.Dispose();

    public override void OnPod(ResourceKey key, Pod? now)
    {
        if (now is null)
        {
            Pods.Remove(_cluster, key.Namespace, key.Name);
        }
        else
        {
            Pods.Set(_cluster, new PodFact(key.Namespace, key.Name, now.Metadata.Uid, now.Spec.ServiceAccountName, now.Spec.NodeName, now.Status.Phase == "Failed"));
        }
    }

    public override void OnRefused(ResourceType type, ResourceKey key, ReadProblem problem, RefusalOutcome outcome) => _log.Warn(
        "an object of another cluster cannot be read; what it said before stays",
        LogField.Of("cluster", _cluster),
        LogField.Of("kind", type.Kind),
        LogField.Of("object", key.ToString()),
        LogField.Of("problem", problem.ToString()));
}

using System.Text;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>
/// The clusters that Secrets name: each key is a cluster, each value a kubeconfig (control-plane reference 9.2). Joins them, exchanges a connection whose kubeconfig
/// is another one once the new one knows all, and removes them. Thread-safe.
/// </summary>
/// <remarks>Locks are taken in the order: this, a cluster's sink or the own cluster's feed, then the merge.</remarks>
public sealed class RemoteClusters
{
    /// <summary>The label of Secrets that name clusters.</summary>
    public const string SecretLabel = "istio/multiCluster";

    private const int LongestId = 253;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, RemoteEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, Secret> _secrets = [];
    private readonly HashSet<(ResourceKey Secret, string Id)> _complained = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DiscoveryFeed _own;
    private readonly ClusterMerge _merge;
    private readonly MeshSettings _settings;
    private readonly IClusterConnector _connector;
    private readonly RemoteClusterObserver _observer;
    private readonly TimeProvider _clock;
    private bool _isListed;
    private bool _isEnding;

    /// <summary>Knows no other clusters yet.</summary>
    public RemoteClusters(DiscoveryFeed own, ClusterMerge merge, MeshSettings settings, IClusterConnector connector, RemoteClusterObserver observer, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(merge);
        (_own, _merge, _settings, _connector, _observer, _clock) = (own, merge, settings, connector, observer, clock);
        merge.NetworkChanged += RefreshAll;
    }

    /// <summary>Completes when every cluster that is named is known, or the time to wait is over: from then on, nobody waits for any.</summary>
    public Task Ready => _ready.Task;

    /// <summary>How the clusters are doing, by name.</summary>
    public IReadOnlyList<RemoteClusterStatus> Statuses
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries.Select(entry => Status(entry.Key, entry.Value))];
            }
        }
    }

    /// <summary>Follows the Secrets until it is cancelled.</summary>
    /// <param name="source">Where the Secrets are.</param>
    /// <param name="patience">How long the beginning waits for clusters.</param>
    /// <param name="cancellation">The end.</param>
    public async Task RunAsync(IResourceSource source, TimeSpan patience, CancellationToken cancellation)
    {
        var cache = new ResourceCache<Secret>(source, KnownResources.Secrets, new ResourceScope(_settings.SystemNamespace, Labels: SecretLabel + "=true"));
        Task following = cache.RunAsync(
            change =>
            {
                switch (change.Kind)
                {
                    case ResourceChangeKind.Refused:
                        _observer.OnRefused(change.Key.ToString(), "", change.Problem!.ToString());
                        break;
                    case ResourceChangeKind.Synced:
                        _isListed = true;
                        CheckReady();
                        break;
                    default:
                        Set(change.Key, change.New);
                        break;
                }

                return ValueTask.CompletedTask;
            },
            cancellation);
        try
        {
            await Task.WhenAll(following, EndPatienceAsync(patience, cancellation));
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>A Secret as it is now; null: it is gone.</summary>
    internal void Set(ResourceKey key, Secret? now)
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            IEnumerable<string> before = _secrets.GetValueOrDefault(key)?.Data.Keys ?? [];
            if (now is null)
            {
                _secrets.Remove(key);
            }
            else
            {
                _secrets[key] = now;
            }

            _complained.RemoveWhere(complaint => complaint.Secret == key);
            foreach (string id in before.Union(now?.Data.Keys ?? [], StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray())
            {
                Settle(id);
            }
        }

        CheckReady();
    }

    private static bool IsId(string id) => id.Length is > 0 and <= LongestId && id.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');

    private RemoteClusterStatus Status(string id, RemoteEntry entry)
    {
        (int Services, int Workloads, string Network) count = _merge.Count(id) ?? (0, 0, "");
        string? problem = entry.Problem ?? entry.Next?.Connection.Trouble ?? entry.Current?.Connection.Trouble;
        return new RemoteClusterStatus(id, entry.Secret.ToString(), entry.State, problem, count.Network, count.Services, count.Workloads) { Warning = entry.IsUnlabelled ? RemoteClusterStatus.Unlabelled : null };
    }

    /// <summary>Makes a cluster what the Secrets say. Whoever speaks for it goes on to do so; else it is the oldest Secret.</summary>
    private void Settle(string id)
    {
        if (id == _settings.ClusterId)
        {
            return;
        }

        Secret[] speakers = [.. _secrets.Values.Where(secret => secret.Data.ContainsKey(id))
            .OrderBy(static secret => secret.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch).ThenBy(static secret => secret.Metadata.Name, StringComparer.Ordinal)];
        RemoteEntry? entry = _entries.GetValueOrDefault(id);
        Secret? speaker = speakers.FirstOrDefault(secret => secret.Key == entry?.Secret) ?? speakers.FirstOrDefault();
        foreach (Secret other in speakers.Where(secret => secret != speaker))
        {
            Complain(other.Key, id, $"the cluster is already named by the Secret {speaker!.Key}");
        }

        if (speaker is null)
        {
            Remove(id, entry);
            return;
        }

        byte[] kubeconfig = speaker.Data[id];
        if (entry is not null && entry.Kubeconfig.AsSpan().SequenceEqual(kubeconfig))
        {
            entry.Secret = speaker.Key;
            return;
        }

        if (!IsId(id))
        {
            Complain(speaker.Key, id, $"is no cluster's name; allowed: up to {LongestId} letters, digits, '-', '_' and '.'");
            return;
        }

        if (entry is null)
        {
            _entries[id] = entry = new RemoteEntry { Secret = speaker.Key };
        }

        (entry.Secret, entry.Kubeconfig) = (speaker.Key, kubeconfig);
        Connect(id, entry);
    }

    private void Connect(string id, RemoteEntry entry)
    {
        if (!_connector.TryConnect(id, Encoding.UTF8.GetString(entry.Kubeconfig), out IClusterConnection? connection, out string? error))
        {
            entry.Problem = error;
            Complain(entry.Secret, id, error);
            return;
        }

        entry.Problem = null;
        _observer.OnConnecting(id, entry.Secret.ToString());
        End(entry.Next);
        var link = new RemoteLink(id, connection, _merge, _settings, joining => Join(id, joining), (from, update) => OnApplied(id, from, update));
        entry.Next = link;
        _own.Attach(link.Feed);
        link.Start(problem => _ = AgainAsync(id, link, problem));
    }

    /// <summary>A connection knows all of its cluster: it takes the place of the one before it.</summary>
    private void Join(string id, RemoteLink link)
    {
        lock (_gate)
        {
            if (_entries.GetValueOrDefault(id) is not { } entry || entry.Next != link)
            {
                return;
            }

            // First the new one speaks: tokens and pods of the cluster are known without a gap.
            link.Connection.Join();
            End(entry.Current);
            (entry.Current, entry.Next) = (link, null);
        }

        _observer.OnJoined(id);
    }

    private void OnApplied(string id, RemoteLink link, ClusterUpdate update)
    {
        lock (_gate)
        {
            if (_entries.GetValueOrDefault(id) is not { } entry || entry.Current != link)
            {
                return;
            }

            _own.SetForeignGateways(id, update.Gateways);
            bool isNews = update.Network.Length == 0 && !entry.IsUnlabelled;
            entry.IsUnlabelled = update.Network.Length == 0;
            if (isNews)
            {
                _observer.OnUnlabelled(id);
            }
        }

        CheckReady();
    }

    private void Remove(string id, RemoteEntry? entry)
    {
        if (entry is null)
        {
            return;
        }

        End(entry.Next);
        End(entry.Current);
        _entries.Remove(id);
        _merge.Remove(id);
        _own.SetForeignGateways(id, []);
        _observer.OnRemoved(id);
    }

    private void End(RemoteLink? link)
    {
        if (link is not null)
        {
            _own.Detach(link.Feed);
            _ = link.EndAsync();
        }
    }

    /// <summary>What ended by itself begins again after a while; what it knew stays until then.</summary>
    private async Task AgainAsync(string id, RemoteLink link, string problem)
    {
        _observer.OnFailed(id, problem);
        await Task.Delay(Pause, _clock);
        lock (_gate)
        {
            if (!_isEnding && _entries.GetValueOrDefault(id) is { } entry && (entry.Current == link || entry.Next == link))
            {
                Connect(id, entry);
            }
        }
    }

    private void Complain(ResourceKey secret, string id, string problem)
    {
        if (_complained.Add((secret, id)))
        {
            _observer.OnRefused(secret.ToString(), id, problem);
        }
    }

    private void RefreshAll()
    {
        lock (_gate)
        {
            foreach (RemoteEntry entry in _entries.Values)
            {
                entry.Current?.Feed.Refresh();
                entry.Next?.Feed.Refresh();
            }
        }
    }

    private void CheckReady()
    {
        lock (_gate)
        {
            if (_isListed && _entries.Values.All(static entry => entry.IsSettled))
            {
                _ready.TrySetResult();
            }
        }
    }

    private async Task EndPatienceAsync(TimeSpan patience, CancellationToken cancellation)
    {
        Task waited = await Task.WhenAny(_ready.Task, Task.Delay(patience, _clock, cancellation));
        if (waited == _ready.Task || cancellation.IsCancellationRequested)
        {
            return;
        }

        string[] late;
        lock (_gate)
        {
            late = [.. _entries.Where(static entry => !entry.Value.IsSettled).Select(static entry => entry.Key)];
            foreach (string id in late)
            {
                _entries[id].IsLate = true;
            }
        }

        Array.ForEach(late, _observer.OnLate);
        _ready.TrySetResult();
    }

    private async Task EndAsync()
    {
        Task[] ending;
        lock (_gate)
        {
            _isEnding = true;
            RemoteLink[] links = [.. _entries.Values.SelectMany(static entry => new[] { entry.Current, entry.Next }).OfType<RemoteLink>()];
            Array.ForEach(links, link => _own.Detach(link.Feed));
            ending = [.. links.Select(static link => link.EndAsync())];
        }

        await Task.WhenAll(ending);
    }
}

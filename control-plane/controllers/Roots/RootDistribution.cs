using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Roots;

/// <summary>Keeps the mesh's roots, and its revocation lists, in every namespace that is selected (control-plane reference 6.6). Thread-safe.</summary>
/// <remarks>
/// They are taken away from a namespace when it stops being selected, and never because it is not: who else looks after such a namespace keeps the same maps in it.
/// Replicas that do not lead remember what was left as long as a lead may take to pass on to them, and no longer: by then another mesh's maps may be there.
/// </remarks>
public sealed class RootDistribution : IController
{
    private const string ConfigLabel = "istio.io/config";
    private const string Manager = "ambientd-roots";
    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal) { "kube-public", "kube-node-lease", "local-path-storage" };
    private static readonly DampedPart Map = new("ConfigMap", "", Manager, ": stop the other writer, or give this mesh maps of its own (PILOT_CA_CERT_CONFIGMAP, PILOT_CRL_CONFIGMAP)");
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);
    private readonly KubernetesClient _client;
    private readonly IResourceSource _source;
    private readonly ClusterView _view;
    private readonly Func<RootBundle?> _bundle;
    private readonly RootDistributionOptions _options;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, long> _left = new(StringComparer.Ordinal);
    private readonly KeyedWork<string> _work;
    private readonly DampedWrites _damped;
    private ResourceCache<ConfigMap>? _roots;
    private ResourceCache<ConfigMap>? _lists;

    /// <summary>Begins to listen to namespaces; works when it is run.</summary>
    public RootDistribution(KubernetesClient client, IResourceSource source, ClusterView view, Func<RootBundle?> bundle, RootDistributionOptions options, TimeProvider clock, Logger log)
    {
        ArgumentNullException.ThrowIfNull(view);
        (_client, _source, _view, _bundle, _options, _clock) = (client, source, view, bundle, options, clock);
        _work = new KeyedWork<string>(Name, HandleAsync, clock, log);
        _damped = new DampedWrites(Name, client, (at, pause, leading) => _work.AddAfter(at.Key.Namespace, pause, leading), clock, log, Map);
        view.Changed += (type, key) =>
        {
            if (type != KnownResources.Namespaces)
            {
                return;
            }

            if (view.Find(KnownResources.Namespaces, key) is null)
            {
                _left.TryRemove(key.Name, out _);
            }

            _work.Add(key.Name);
        };
    }

    /// <inheritdoc/>
    public string Name => "roots";

    /// <summary>The bundle is another: every namespace is due.</summary>
    public void Renew()
    {
        foreach (Namespace space in _view.All(KnownResources.Namespaces))
        {
            _work.Add(space.Metadata.Name);
        }
    }

    /// <summary>A namespace became selected, or is not any more.</summary>
    public void OnSelection(string space, bool isSelected)
    {
        if (isSelected)
        {
            _left.TryRemove(space, out _);
        }
        else
        {
            _left[space] = _clock.GetTimestamp();
        }

        _work.Add(space);
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken leading)
    {
        foreach (string old in _left.Where(each => _clock.GetElapsedTime(each.Value) > Remembered).Select(static each => each.Key))
        {
            _left.TryRemove(old, out _);
        }

        _damped.Clear();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(leading);
        _roots = new ResourceCache<ConfigMap>(_source, KnownResources.ConfigMaps, new ResourceScope(Fields: "metadata.name=" + _options.RootMap));
        _lists = new ResourceCache<ConfigMap>(_source, KnownResources.ConfigMaps, new ResourceScope(Fields: "metadata.name=" + _options.RevocationMap));
        Task[] following = [Follow(_roots, stopping.Token), Follow(_lists, stopping.Token)];
        await FollowedWork.RunAsync(following, WorkAsync(Task.WhenAll(_roots.Synced, _lists.Synced), stopping.Token), stopping);
    }

    private async Task WorkAsync(Task synced, CancellationToken cancellation)
    {
        await synced.WaitAsync(cancellation);
        await _work.RunAsync(() => _view.All(KnownResources.Namespaces).Select(static space => space.Metadata.Name), cancellation);
    }

    private Task Follow(ResourceCache<ConfigMap> cache, CancellationToken cancellation) => cache.RunAsync(
        change =>
        {
            if (change.Kind is not ResourceChangeKind.Synced)
            {
                _work.Add(change.Key.Namespace);
            }

            return ValueTask.CompletedTask;
        },
        cancellation);

    private async Task<string?> HandleAsync(string space, CancellationToken cancellation)
    {
        if (_bundle() is not { } bundle || LeftOut.Contains(space)
            || _view.Find(KnownResources.Namespaces, new ResourceKey("", space)) is not { Metadata.DeletionTimestamp: null, Status.Phase: not "Terminating" })
        {
            _left.TryRemove(space, out _);
            return null;
        }

        if (!_options.IsSelected(space))
        {
            return _left.ContainsKey(space) ? await LeaveAsync(space, cancellation) : null;
        }

        string? error = await PutAsync(_roots!, new ResourceKey(space, _options.RootMap), "root-cert.pem", bundle.RootsPem, cancellation);
        return error ?? (bundle.RevocationPem is null ? null : await PutAsync(_lists!, new ResourceKey(space, _options.RevocationMap), "ca-crl.pem", bundle.RevocationPem, cancellation));
    }

    private async Task<string?> PutAsync(ResourceCache<ConfigMap> known, ResourceKey key, string field, string content, CancellationToken cancellation)
    {
        if (known.Find(key) is { } map && map.Data.Find(field) == content && map.Metadata.Labels.Find(ConfigLabel) == "true")
        {
            return null;
        }

        (ResourceType, ResourceKey) at = (KnownResources.ConfigMaps, key);
        if (!await _damped.MayWriteAsync(at, content, generation: 0, cancellation))
        {
            return null;
        }

        var wanted = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = key.Name, ["namespace"] = key.Namespace, ["labels"] = new JsonObject { [ConfigLabel] = "true" } },
            ["data"] = new JsonObject { [field] = content },
        };
        ApiResult<ConfigMap> applied = await _client.PatchAsync(KnownResources.ConfigMaps, key, Patch.Apply(Encoding.UTF8.GetBytes(wanted.ToJsonString()), Manager), cancellation);
        if (applied.Error is { } error)
        {
            return IsRace(error) ? null : error.ToString();
        }

        _damped.Note(at, content, generation: 0);
        return null;
    }

    private async Task<string?> LeaveAsync(string space, CancellationToken cancellation)
    {
        foreach ((ResourceCache<ConfigMap> known, string name) in new[] { (_roots!, _options.RootMap), (_lists!, _options.RevocationMap) })
        {
            var key = new ResourceKey(space, name);
            if (known.Find(key)?.Metadata.Labels.Find(ConfigLabel) == "true" && await _client.DeleteAsync(KnownResources.ConfigMaps, key, cancellation) is { IsNotFound: false } error)
            {
                return error.ToString();
            }
        }

        _left.TryRemove(space, out _);
        return null;
    }

    /// <summary>The namespace is on its way out: then nobody needs its map.</summary>
    private static bool IsRace(ApiError error) => error.IsNotFound || (error.IsForbidden && error.Message.Contains("being terminated", StringComparison.Ordinal));
}

using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>
/// Writes what discovery has to say into objects' statuses: who is bound to which waypoint, who enforces a policy, and what could not be read
/// (control-plane reference 3.8). Only what differs is written. Thread-safe.
/// </summary>
public sealed class ObjectStatuses : IController
{
    private static readonly Condition[] Nothing = [];

    // Of other kinds routing speaks about that.
    private static readonly string[] OfEntries = [.. ConditionTypes.All, ConditionTypes.Reconciled];
    private readonly KubernetesClient _client;
    private readonly ClusterView _view;
    private readonly WritingRevision _revision;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(ResourceType Type, ResourceKey Key), IReadOnlyList<Condition>> _wanted = new();
    private readonly ConcurrentDictionary<(ResourceType Type, ResourceKey Key), (ReadProblem Problem, string Instead)> _refused = new();
    private readonly KeyedWork<(ResourceType Type, ResourceKey Key)> _work;
    private readonly DampedWrites _damped;

    /// <summary>Begins to listen; works when it is run.</summary>
    public ObjectStatuses(KubernetesClient client, ClusterView view, WritingRevision revision, TimeProvider clock, Logger log)
    {
        ArgumentNullException.ThrowIfNull(view);
        (_client, _view, _revision, _clock) = (client, view, revision, clock);
        _work = new KeyedWork<(ResourceType, ResourceKey)>(Name, HandleAsync, clock, log);
        _damped = new DampedWrites(Name, client, _work.AddAfter, clock, log);
        view.Changed += OnChanged;
    }

    /// <inheritdoc/>
    public string Name => "statuses";

    /// <summary>What statuses should say is another.</summary>
    public void Want(IReadOnlyList<ObjectConditions> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        foreach (ObjectConditions each in conditions)
        {
            _wanted[(each.Type, each.Key)] = each.Wanted;
            if (Find(each.Type, each.Key) is null)
            {
                // Gone meanwhile, or of a kind without status: nobody would ever take it away again.
                _wanted.TryRemove((each.Type, each.Key), out _);
                continue;
            }

            _work.Add((each.Type, each.Key));
        }
    }

    /// <summary>An object cannot be read: its status says where and why, and what is in force <paramref name="instead"/>.</summary>
    public void Refuse(ResourceType type, ResourceKey key, ReadProblem problem, string instead)
    {
        if (type is ResourceType<AuthorizationPolicy> or ResourceType<PeerAuthentication> or ResourceType<ServiceEntry> or ResourceType<WorkloadEntry> or ResourceType<Gateway>)
        {
            _refused[(type, key)] = (problem, instead);
            _work.Add((type, key));
        }
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken leading)
    {
        _damped.Clear();
        return _work.RunAsync(All, leading);
    }

    /// <summary>About PeerAuthentications something is said only while they cannot be read; that of another life goes.</summary>
    private IEnumerable<(ResourceType Type, ResourceKey Key)> All() => _wanted.Keys.Concat(_refused.Keys)
        .Concat(_view.All(KnownResources.PeerAuthentications).Select(static peer => ((ResourceType)KnownResources.PeerAuthentications, peer.Key)));

    private void OnChanged(ResourceType type, ResourceKey key)
    {
        // An object that changes can be read again; one that is gone has no status.
        (ResourceType, ResourceKey) at = (type, key);
        bool wasRefused = _refused.TryRemove(at, out _);
        if (!_wanted.ContainsKey(at) && !wasRefused && type is not ResourceType<PeerAuthentication>)
        {
            return;
        }

        if (Find(type, key) is null)
        {
            _wanted.TryRemove(at, out _);
        }
        else
        {
            _work.Add(at);
        }
    }

    private Resource? Find(ResourceType type, ResourceKey key) => type switch
    {
        ResourceType<Service> services => _view.Find(services, key),
        ResourceType<ServiceEntry> entries => _view.Find(entries, key),
        ResourceType<WorkloadEntry> workloads => _view.Find(workloads, key),
        ResourceType<AuthorizationPolicy> policies => _view.Find(policies, key),
        ResourceType<PeerAuthentication> peers => _view.Find(peers, key),
        _ => null,
    };

    private Task<string?> HandleAsync((ResourceType Type, ResourceKey Key) at, CancellationToken cancellation)
    {
        // Of what cannot be read the revision is found out where it is written.
        if (!_refused.ContainsKey(at) && !_revision.Writes(Find(at.Type, at.Key)))
        {
            return Task.FromResult<string?>(null);
        }

        if (_refused.TryGetValue(at, out (ReadProblem Problem, string Instead) refused))
        {
            return at.Type switch
            {
                ResourceType<AuthorizationPolicy> policies => SayRefusedAsync(policies, at.Key, TypeOf(refused.Problem), refused, cancellation),
                ResourceType<PeerAuthentication> peers => SayRefusedAsync(peers, at.Key, ConditionTypes.Readable, refused, cancellation),
                ResourceType<ServiceEntry> entries => SayRefusedAsync(entries, at.Key, ConditionTypes.Readable, refused, cancellation),
                ResourceType<WorkloadEntry> workloads => SayRefusedAsync(workloads, at.Key, ConditionTypes.Readable, refused, cancellation),
                ResourceType<Gateway> gateways => SayRefusedAsync(gateways, at.Key, "Accepted", refused, cancellation),
                _ => Task.FromResult<string?>(null),
            };
        }

        IReadOnlyList<Condition> wanted = _wanted.GetValueOrDefault(at) ?? Nothing;
        return Find(at.Type, at.Key) switch
        {
            Service service => WriteAsync(KnownResources.Services, service, service.Status.Conditions, wanted, cancellation),
            ServiceEntry entry => WriteAsync(KnownResources.ServiceEntries, entry, entry.Status.Conditions, wanted, cancellation),
            WorkloadEntry workload => WriteAsync(KnownResources.WorkloadEntries, workload, workload.Status.Conditions, wanted, cancellation),
            AuthorizationPolicy policy => WriteAsync(KnownResources.AuthorizationPolicies, policy, policy.Status.Conditions, wanted, cancellation),
            PeerAuthentication peer => WriteAsync(KnownResources.PeerAuthentications, peer, peer.Status.Conditions, wanted, cancellation),
            _ => Task.FromResult<string?>(null),
        };
    }

    /// <summary>Who would have enforced the policy, as far as can be seen.</summary>
    private static string TypeOf(ReadProblem problem) =>
        problem.Remains is AuthorizationPolicy { Spec.TargetRefs.Count: > 0 } ? ConditionTypes.WaypointAccepted : ConditionTypes.ZtunnelAccepted;

    private async Task<string?> WriteAsync<T>(ResourceType<T> type, T seen, IReadOnlyList<Condition> existing, IReadOnlyList<Condition> wanted, CancellationToken cancellation)
        where T : Resource
    {
        (ResourceType, ResourceKey) at = (type, seen.Key);
        long generation = seen.Metadata.Generation;
        if (ConditionList.Merge(existing, wanted, type is ResourceType<ServiceEntry> ? OfEntries : ConditionTypes.All, generation, _clock.GetUtcNow()) is not { } conditions || !await _damped.MayWriteAsync(at, wanted, generation, cancellation))
        {
            return null;
        }

        return await StatusPatch.WriteAsync(_client, type, seen, new JsonObject { ["conditions"] = ConditionList.ToJson(conditions) }, cancellation, () => _damped.Note(at, wanted, generation));
    }

    /// <summary>
    /// The object itself cannot be read, so what it says about its status is taken from its JSON: others' conditions stay, and it is written for that version alone. Whose it is to
    /// write is taken from there as well, for of an object that was never readable nothing else is known.
    /// </summary>
    private async Task<string?> SayRefusedAsync<T>(ResourceType<T> type, ResourceKey key, string condition, (ReadProblem Problem, string Instead) refused, CancellationToken cancellation)
        where T : Resource
    {
        ApiResult<byte[]> read = await _client.GetJsonAsync(type, key, cancellation);
        if (!read.IsOk(out byte[]? json, out ApiError? unread))
        {
            if (!unread.IsNotFound)
            {
                return unread.ToString();
            }

            _refused.TryRemove(KeyValuePair.Create(((ResourceType)type, key), refused));
            return null;
        }

        if (!UnreadableObject.TryRead(json, out UnreadableObject? there))
        {
            return $"{type.Kind} {key}: what the API server answers is no object";
        }

        string? revision = there.Revision ?? (type is ResourceType<Gateway> ? _view.Find(KnownResources.Namespaces, new ResourceKey("", key.Namespace))?.Metadata.Labels.Find(WritingRevision.Label) : null);
        var said = new Condition { Type = condition, Status = "False", Reason = "Invalid", Message = $"{refused.Problem}; {refused.Instead}" };
        IReadOnlyCollection<string> ours = type is ResourceType<Gateway> ? [condition] : type is ResourceType<ServiceEntry> ? OfEntries : ConditionTypes.All;

        // Whoever spoils the status itself may do so in another place each time, which is no news.
        if (!_revision.WritesLabelled(revision) || ConditionList.Merge(there.Conditions, [said], ours, there.Generation, _clock.GetUtcNow()) is not { } conditions
            || !await _damped.MayWriteAsync((type, key), condition, there.Generation, cancellation))
        {
            return null;
        }

        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = there.ResourceVersion },
            ["status"] = new JsonObject { ["conditions"] = ConditionList.ToJson(conditions) },
        };
        ApiResult<T> written = await _client.PatchAsync(type, key, Patch.Merge(Encoding.UTF8.GetBytes(body.ToJsonString()), StatusPatch.Manager), cancellation, "status");
        if (written.Error is { IsNotFound: false, Reason: not "Unreadable" } error)
        {
            // Somebody was faster: it is read again.
            return error.ToString();
        }

        _damped.Note((type, key), condition, there.Generation);
        return null;
    }
}

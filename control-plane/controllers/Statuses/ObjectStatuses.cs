using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
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
    private readonly KubernetesClient _client;
    private readonly ClusterView _view;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(ResourceType Type, ResourceKey Key), IReadOnlyList<Condition>> _wanted = new();
    private readonly ConcurrentDictionary<(ResourceType Type, ResourceKey Key), ReadProblem> _refused = new();
    private readonly KeyedWork<(ResourceType Type, ResourceKey Key)> _work;

    /// <summary>Begins to listen; works when it is run.</summary>
    public ObjectStatuses(KubernetesClient client, ClusterView view, TimeProvider clock, Logger log)
    {
        ArgumentNullException.ThrowIfNull(view);
        (_client, _view, _clock) = (client, view, clock);
        _work = new KeyedWork<(ResourceType, ResourceKey)>(Name, HandleAsync, clock, log);
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
            _work.Add((each.Type, each.Key));
        }
    }

    /// <summary>An object cannot be read: its status says where and why.</summary>
    public void Refuse(ResourceType type, ResourceKey key, ReadProblem problem)
    {
        if (ReferenceEquals(type, KnownResources.AuthorizationPolicies))
        {
            _refused[(type, key)] = problem;
            _work.Add((type, key));
        }
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken leading)
    {
        foreach ((ResourceType, ResourceKey) key in _wanted.Keys.Concat(_refused.Keys))
        {
            _work.Add(key);
        }

        return _work.RunAsync(leading);
    }

    private void OnChanged(ResourceType type, ResourceKey key)
    {
        // An object that changes can be read again; one that is gone has no status.
        (ResourceType, ResourceKey) at = (type, key);
        _refused.TryRemove(at, out _);
        if (!_wanted.ContainsKey(at))
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
        _ => null,
    };

    private Task<string?> HandleAsync((ResourceType Type, ResourceKey Key) at, CancellationToken cancellation)
    {
        if (_refused.TryGetValue(at, out ReadProblem? problem))
        {
            return SayRefusedAsync(at.Key, problem, cancellation);
        }

        IReadOnlyList<Condition> wanted = _wanted.GetValueOrDefault(at) ?? Nothing;
        return Find(at.Type, at.Key) switch
        {
            Service service => WriteAsync(KnownResources.Services, service, service.Status.Conditions, wanted, cancellation),
            ServiceEntry entry => WriteAsync(KnownResources.ServiceEntries, entry, entry.Status.Conditions, wanted, cancellation),
            WorkloadEntry workload => WriteAsync(KnownResources.WorkloadEntries, workload, workload.Status.Conditions, wanted, cancellation),
            AuthorizationPolicy policy => WriteAsync(KnownResources.AuthorizationPolicies, policy, policy.Status.Conditions, wanted, cancellation),
            _ => Task.FromResult<string?>(null),
        };
    }

    private Task<string?> WriteAsync<T>(ResourceType<T> type, T seen, IReadOnlyList<Condition> existing, IReadOnlyList<Condition> wanted, CancellationToken cancellation)
        where T : Resource => ConditionList.Merge(existing, wanted, ConditionTypes.All, seen.Metadata.Generation, _clock.GetUtcNow()) is { } conditions
            ? StatusPatch.WriteAsync(_client, type, seen, new JsonObject { ["conditions"] = ConditionList.ToJson(conditions) }, cancellation)
            : Task.FromResult<string?>(null);

    /// <summary>The object itself cannot be read, so what it says about its status cannot either: the condition is written as it is.</summary>
    private async Task<string?> SayRefusedAsync(ResourceKey key, ReadProblem problem, CancellationToken cancellation)
    {
        var condition = new Condition
        {
            Type = ConditionTypes.ZtunnelAccepted,
            Status = "False",
            Reason = "Invalid",
            Message = $"{problem}; what the policy said before stays in force, if it could be read before",
            LastTransitionTime = _clock.GetUtcNow(),
        };
        var body = new JsonObject { ["status"] = new JsonObject { ["conditions"] = ConditionList.ToJson([condition]) } };
        ApiResult<AuthorizationPolicy> written = await _client.PatchAsync(KnownResources.AuthorizationPolicies, key, Patch.Merge(Encoding.UTF8.GetBytes(body.ToJsonString()), "ambientd-status"), cancellation, "status");
        return written.Error is { IsNotFound: false, Reason: not "Unreadable" } error ? error.ToString() : null;
    }
}

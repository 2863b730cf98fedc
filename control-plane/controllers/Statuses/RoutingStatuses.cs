using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>
/// Writes what routing has to say into the statuses of routes, per parent, of BackendTLSPolicies and LocalRateLimits, per ancestor, and of Istio's own kinds, as one condition (control-plane reference 8.5, 8.6). Only what differs is
/// written, at most so many a second, and only about the version of the object that was looked at. Thread-safe.
/// </summary>
public sealed class RoutingStatuses : IController
{
    private static readonly string[] Ours = [ConditionTypes.Reconciled];

    // Kinds whose statuses have ancestors, as Gateway API's policies have.
    private static readonly ResourceType[] OfPolicies = [KnownResources.BackendTlsPolicies, KnownResources.LocalRateLimits, KnownResources.BackendTrafficPolicies];
    private readonly KubernetesClient _client;
    private readonly ClusterView _view;
    private readonly WritingRevision _revision;
    private readonly TimeProvider _clock;
    private readonly WritePace _pace;
    private readonly ConcurrentDictionary<(ResourceType Type, ResourceKey Key), ObjectConditions> _wanted = new();
    private readonly KeyedWork<(ResourceType Type, ResourceKey Key)> _work;
    private readonly DampedWrites _damped;

    /// <summary>Begins to listen; works when it is run.</summary>
    public RoutingStatuses(KubernetesClient client, ClusterView view, WritingRevision revision, WritePace pace, TimeProvider clock, Logger log)
    {
        ArgumentNullException.ThrowIfNull(view);
        (_client, _view, _revision, _pace, _clock) = (client, view, revision, pace, clock);
        _work = new KeyedWork<(ResourceType, ResourceKey)>(Name, HandleAsync, clock, log);
        _damped = new DampedWrites(Name, client, _work.AddAfter, clock, log);
        view.Changed += OnChanged;
    }

    /// <inheritdoc/>
    public string Name => "routing-statuses";

    /// <summary>What statuses should say is another.</summary>
    public void Want(IReadOnlyList<ObjectConditions> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        foreach (ObjectConditions each in conditions)
        {
            _wanted[(each.Type, each.Key)] = each;
            if (Find(each.Type, each.Key) is null)
            {
                // Gone meanwhile: nobody would ever take it away again.
                _wanted.TryRemove((each.Type, each.Key), out _);
                continue;
            }

            _work.Add((each.Type, each.Key));
        }
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken leading)
    {
        _damped.Clear();
        return _work.RunAsync(() => _wanted.Keys, leading);
    }

    private void OnChanged(ResourceType type, ResourceKey key)
    {
        (ResourceType, ResourceKey) at = (type, key);
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
        ResourceType<RoutingResource> routing => _view.Find(routing, key),
        ResourceType<AuthorizationPolicy> policies => _view.Find(policies, key),
        _ => null,
    };

    private async Task<string?> HandleAsync((ResourceType Type, ResourceKey Key) at, CancellationToken cancellation)
    {
        // What was said about another version than the one that is there is followed by what is said about that one.
        if (!_wanted.TryGetValue(at, out ObjectConditions? wanted) || Find(at.Type, at.Key) is not { } seen || !_revision.Writes(seen) || (wanted.Generation ?? seen.Metadata.Generation) != seen.Metadata.Generation
            || Status(seen, wanted) is not { } status)
        {
            return null;
        }

        if (!await _damped.MayWriteAsync(at, wanted, seen.Metadata.Generation, cancellation))
        {
            return null;
        }

        void Note() => _damped.Note(at, wanted, seen.Metadata.Generation);
        await _pace.WaitAsync(cancellation);
        return at.Type switch
        {
            ResourceType<RoutingResource> routing => await StatusPatch.WriteAsync(_client, routing, (RoutingResource)seen, status, cancellation, Note),
            ResourceType<AuthorizationPolicy> policies => await StatusPatch.WriteAsync(_client, policies, (AuthorizationPolicy)seen, status, cancellation, Note),
            _ => null,
        };
    }

    private JsonObject? Status(Resource seen, ObjectConditions wanted)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        long generation = seen.Metadata.Generation;
        if (wanted.Parents is { } parents)
        {
            ParentListForm form = OfPolicies.Contains(wanted.Type) ? ParentListForm.Policies : ParentListForm.Routes;
            return ParentList.Merge(form, ((RoutingResource)seen).Status, seen.Metadata.Namespace, parents, generation, now) is { } list ? new JsonObject { [form.List] = list } : null;
        }

        IReadOnlyList<Condition> existing = seen is AuthorizationPolicy policy ? policy.Status.Conditions : StatusConditions.Read(((RoutingResource)seen).Status);
        return ConditionList.Merge(existing, wanted.Wanted, Ours, generation, now) is { } conditions ? new JsonObject { ["conditions"] = ConditionList.ToJson(conditions) } : null;
    }
}

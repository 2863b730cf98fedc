using System.Collections.Concurrent;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>
/// Takes away what was made for a Gateway that it does not ask for any more: an autoscaler whose overlay is gone, everything under a name that it had. Only what carries our
/// label and belongs to this very Gateway. What serves traffic goes once what takes its place is there. Thread-safe.
/// </summary>
internal sealed class GatewayLeftovers(KubernetesClient client, Logger log)
{
    // Looked at again with each round, until they are empty.
    private readonly ConcurrentDictionary<ResourceKey, bool> _waiting = new();

    /// <summary>The Gateway is gone; what was its goes with it.</summary>
    internal void Forget(ResourceKey gateway) => _waiting.TryRemove(gateway, out _);

    /// <summary>A new term: each Gateway is looked at once.</summary>
    internal void Clear() => _waiting.Clear();

    /// <summary>Looks for what is left over when the objects are new, or when something of it waits; null, or why it has to be done again.</summary>
    internal async Task<string?> CollectAsync(Gateway gateway, IReadOnlyList<GatewayObject> wanted, bool isNew, CancellationToken cancellation)
    {
        if (isNew)
        {
            _waiting[gateway.Key] = true;
        }
        else if (!_waiting.ContainsKey(gateway.Key))
        {
            return null;
        }

        var left = new List<(ResourceType Type, Resource Object)>();
        string? failure = await FindAsync(KnownResources.HorizontalPodAutoscalers, gateway, wanted, left, cancellation)
            ?? await FindAsync(KnownResources.PodDisruptionBudgets, gateway, wanted, left, cancellation)
            ?? await FindAsync(KnownResources.Services, gateway, wanted, left, cancellation)
            ?? await FindAsync(KnownResources.Deployments, gateway, wanted, left, cancellation)
            ?? await FindAsync(KnownResources.ServiceAccounts, gateway, wanted, left, cancellation);
        if (failure is not null)
        {
            return failure;
        }

        bool mayGo = left.TrueForAll(static one => IsFree(one.Type)) || await IsServedAsync(wanted, cancellation);
        foreach ((ResourceType type, Resource old) in left.Where(one => mayGo || IsFree(one.Type)))
        {
            // Of a successor of the same name nothing is known here.
            if (await client.DeleteAsync(type, old.Key, cancellation, new DeleteOptions { Uid = old.Metadata.Uid }) is { IsNotFound: false, IsConflict: false } error)
            {
                return $"{type.Kind} {old.Key}: {error}";
            }

            log.Info(
                "an object that its Gateway does not ask for any more is taken away",
                LogField.Of("gateway", gateway.Key.ToString()),
                LogField.Of("kind", type.Kind),
                LogField.Of("object", old.Key.ToString()));
        }

        if (mayGo)
        {
            _waiting.TryRemove(gateway.Key, out _);
        }

        return null;
    }

    /// <summary>Carries no traffic and no identity: may go at once.</summary>
    private static bool IsFree(ResourceType type) => type is ResourceType<HorizontalPodAutoscaler> or ResourceType<PodDisruptionBudget>;

    private async Task<string?> FindAsync<T>(ResourceType<T> type, Gateway gateway, IReadOnlyList<GatewayObject> wanted, List<(ResourceType, Resource)> left, CancellationToken cancellation)
        where T : Resource
    {
        var scope = new ResourceScope(gateway.Metadata.Namespace, Labels: $"{GatewayRendering.ManagedLabel},{GatewayRendering.NameLabel}={gateway.Metadata.Name}");
        string? next = null;
        do
        {
            ApiResult<ListPage<T>> listed = await client.ListAsync(type, scope, cancellation, continueAt: next);
            if (!listed.IsOk(out ListPage<T>? page, out ApiError? error))
            {
                // A server without the kind has none of it.
                return error.IsNotFound ? null : $"{type.Kind} of {gateway.Key}: {error}";
            }

            left.AddRange(page.Items
                .Where(item => item.Metadata.DeletionTimestamp is null && item.Metadata.OwnerReferences.Any(owner => owner.Uid == gateway.Metadata.Uid)
                    && !wanted.Any(made => ReferenceEquals(made.Type, type) && made.Key == item.Key))
                .Select(item => ((ResourceType)type, (Resource)item)));
            next = page.Continue;
        }
        while (next is { Length: > 0 });
        return null;
    }

    private async Task<bool> IsServedAsync(IReadOnlyList<GatewayObject> wanted, CancellationToken cancellation)
    {
        if (wanted.FirstOrDefault(static made => ReferenceEquals(made.Type, KnownResources.Deployments)) is not { } made)
        {
            return true;
        }

        ApiResult<Deployment> read = await client.GetAsync(KnownResources.Deployments, made.Key, cancellation);
        return read.Value is { } deployment
            && deployment.Status.ObservedGeneration >= deployment.Metadata.Generation
            && (deployment.Spec.Replicas == 0 || (deployment.Status.AvailableReplicas > 0 && deployment.Status.UpdatedReplicas == deployment.Status.Replicas));
    }
}

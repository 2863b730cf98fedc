using System.Collections.Concurrent;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;
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

        bool mayGo = left.TrueForAll(static one => IsFree(one.Type)) || await IsServedAsync(gateway, wanted, cancellation);
        bool isDone = mayGo;
        foreach ((ResourceType type, Resource old) in left.Where(one => mayGo || IsFree(one.Type)))
        {
            // Of a successor of the same name nothing is known here. A Deployment's version is another with each status; what is free may have been asked for again by
            // who leads after us.
            var options = new DeleteOptions { Uid = old.Metadata.Uid, ResourceVersion = IsFree(type) ? old.Metadata.ResourceVersion : null };
            ApiError? error = await client.DeleteAsync(type, old.Key, cancellation, options);
            if (error is { IsConflict: true })
            {
                isDone = false;
                continue;
            }

            if (error is { IsNotFound: false })
            {
                return $"{type.Kind} {old.Key}: {error}";
            }

            log.Info(
                "an object that its Gateway does not ask for any more is taken away",
                LogField.Of("gateway", gateway.Key.ToString()),
                LogField.Of("kind", type.Kind),
                LogField.Of("object", old.Key.ToString()));
        }

        if (isDone)
        {
            _waiting.TryRemove(gateway.Key, out _);
        }

        return null;
    }

    /// <summary>Traffic goes through it: while somebody else has its name, the Gateway is not served under that name.</summary>
    internal static bool IsServing(ResourceType type) => type is ResourceType<Deployment> or ResourceType<Service>;

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

    /// <summary>Whether what is wanted is there, is this Gateway's, and serves. Somebody else's Deployment may be as healthy as it likes.</summary>
    private async Task<bool> IsServedAsync(Gateway gateway, IReadOnlyList<GatewayObject> wanted, CancellationToken cancellation)
    {
        foreach (GatewayObject made in wanted.Where(static made => IsServing(made.Type)))
        {
            Resource? there = made.Type is ResourceType<Service> services
                ? (await client.GetAsync(services, made.Key, cancellation)).Value
                : (await client.GetAsync(KnownResources.Deployments, made.Key, cancellation)).Value;
            if (there is null || !IsOf(gateway, there) || (there is Deployment deployment && !IsAvailable(deployment)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsOf(Gateway gateway, Resource made) =>
        made.Metadata.Labels.ContainsKey(GatewayRendering.ManagedLabel) && made.Metadata.OwnerReferences.Any(owner => owner.Uid == gateway.Metadata.Uid);

    private static bool IsAvailable(Deployment deployment) => deployment.Status.ObservedGeneration >= deployment.Metadata.Generation
        && (deployment.Spec.Replicas == 0 || (deployment.Status.AvailableReplicas > 0 && deployment.Status.UpdatedReplicas == deployment.Status.Replicas));
}

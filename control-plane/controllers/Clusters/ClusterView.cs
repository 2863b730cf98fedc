using System.Collections.Concurrent;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Clusters;

/// <summary>
/// The objects that controllers look at, as discovery's own watches last told them, so that nothing is watched twice. Thread-safe; holds the
/// objects that discovery holds, not copies.
/// </summary>
public sealed class ClusterView
{
    private readonly Dictionary<ResourceType, ConcurrentDictionary<ResourceKey, Resource>> _kinds = new ResourceType[]
    {
        KnownResources.Namespaces, KnownResources.Gateways, KnownResources.GatewayClasses, KnownResources.Services, KnownResources.EndpointSlices,
        KnownResources.ServiceEntries, KnownResources.WorkloadEntries, KnownResources.AuthorizationPolicies,
        KnownResources.PeerAuthentications,
    }.Concat(KnownResources.RoutingKinds).Concat(KnownResources.UnsupportedKinds).ToDictionary(static type => type, static _ => new ConcurrentDictionary<ResourceKey, Resource>());

    /// <summary>Raised after each change, on the source's thread.</summary>
    public event Action<ResourceType, ResourceKey>? Changed;

    /// <summary>An object as it is now; null: it is gone. Kinds that no controller looks at are not kept.</summary>
    public void Set(ResourceType type, ResourceKey key, Resource? now)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (!_kinds.TryGetValue(type, out ConcurrentDictionary<ResourceKey, Resource>? kind))
        {
            return;
        }

        if (now is null)
        {
            kind.TryRemove(key, out _);
        }
        else
        {
            kind[key] = now;
        }

        Changed?.Invoke(type, key);
    }

    /// <summary>An object; null when there is none.</summary>
    public T? Find<T>(ResourceType<T> type, ResourceKey key)
        where T : Resource => _kinds[type].TryGetValue(key, out Resource? found) ? (T)found : null;

    /// <summary>All objects of a kind.</summary>
    public IEnumerable<T> All<T>(ResourceType<T> type)
        where T : Resource => _kinds[type].Values.Cast<T>();
}

using System.Collections.Concurrent;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Services;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>Which Services have an endpoint that is ready. Thread-safe.</summary>
internal sealed class SliceIndex
{
    private readonly ClusterView _view;
    private readonly ConcurrentDictionary<ResourceKey, ResourceKey> _serviceOf = new();
    private readonly ConcurrentDictionary<ResourceKey, ConcurrentDictionary<ResourceKey, bool>> _slicesOf = new();

    internal SliceIndex(ClusterView view)
    {
        _view = view;
        view.Changed += OnChanged;
    }

    /// <summary>The Service that a slice is of.</summary>
    internal ResourceKey? ServiceOf(ResourceKey slice) => _serviceOf.TryGetValue(slice, out ResourceKey service) ? service : null;

    internal bool HasReady(ResourceKey service) => _slicesOf.TryGetValue(service, out ConcurrentDictionary<ResourceKey, bool>? slices)
        && slices.Keys.Any(key => _view.Find(KnownResources.EndpointSlices, key) is { } slice && slice.Endpoints.Any(static endpoint => endpoint.IsReady && endpoint.Addresses.Count > 0));

    private void OnChanged(ResourceType type, ResourceKey key)
    {
        // A Service without slices keeps an empty entry, which is the price of not locking.
        if (ReferenceEquals(type, KnownResources.EndpointSlices) && _view.Find(KnownResources.EndpointSlices, key) is { } slice
            && slice.Metadata.Labels.Find(EndpointSlice.ServiceNameLabel) is { Length: > 0 } name)
        {
            var service = new ResourceKey(key.Namespace, name);
            _serviceOf[key] = service;
            _slicesOf.GetOrAdd(service, static _ => new ConcurrentDictionary<ResourceKey, bool>())[key] = true;
        }
        else if (ReferenceEquals(type, KnownResources.EndpointSlices) && _serviceOf.TryRemove(key, out ResourceKey former)
            && _slicesOf.TryGetValue(former, out ConcurrentDictionary<ResourceKey, bool>? slices))
        {
            slices.TryRemove(key, out _);
        }
    }
}

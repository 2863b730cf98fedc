using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>Writes Gateways' conditions and addresses. Thread-safe.</summary>
public sealed class GatewayStatuses : IController
{
    private readonly KubernetesClient _client;
    private readonly ClusterView _view;
    private readonly GatewayDeployment? _deployment;
    private readonly WritingRevision _revision;
    private readonly Func<ResourceKey, IReadOnlyList<ListenerConditions>?> _listeners;
    private readonly string _domainSuffix;
    private readonly TimeProvider _clock;
    private readonly SliceIndex _slices;
    private readonly KeyedWork<ResourceKey> _work;
    private readonly DampedWrites _damped;

    /// <summary>Begins to listen; works when it is run.</summary>
    public GatewayStatuses(KubernetesClient client, ClusterView view, GatewayDeployment? deployment, WritingRevision revision, string domainSuffix, TimeProvider clock, Logger log, Func<ResourceKey, IReadOnlyList<ListenerConditions>?>? listeners = null)
    {
        ArgumentNullException.ThrowIfNull(view);
        (_client, _view, _deployment, _revision, _domainSuffix, _clock) = (client, view, deployment, revision, domainSuffix, clock);
        _listeners = listeners ?? (static _ => null);
        _slices = new SliceIndex(view);
        _work = new KeyedWork<ResourceKey>(Name, HandleAsync, clock, log);
        _damped = new DampedWrites(Name, client, (at, pause, leading) => _work.AddAfter(at.Key, pause, leading), clock, log);
        view.Changed += OnChanged;
        if (deployment is not null)
        {
            deployment.ProblemChanged += _work.Add;
        }
    }

    /// <inheritdoc/>
    public string Name => "gateway statuses";

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken leading)
    {
        _damped.Clear();
        return _work.RunAsync(() => _view.All(KnownResources.Gateways).Select(static gateway => gateway.Key), leading);
    }

    /// <summary>Something else is to be said about a Gateway's listeners.</summary>
    public void OnListeners(ResourceKey gateway) => _work.Add(gateway);

    private void OnChanged(ResourceType type, ResourceKey key)
    {
        if (ReferenceEquals(type, KnownResources.Gateways))
        {
            _work.Add(key);
        }
        else if (ReferenceEquals(type, KnownResources.Services))
        {
            Due(key);
        }
        else if (ReferenceEquals(type, KnownResources.EndpointSlices) && _slices.ServiceOf(key) is { } service)
        {
            Due(service);
        }
        else if (ReferenceEquals(type, KnownResources.GatewayClasses))
        {
            foreach (Gateway gateway in _view.All(KnownResources.Gateways).Where(gateway => gateway.Spec.GatewayClassName == key.Name))
            {
                _work.Add(gateway.Key);
            }
        }
    }

    private void Due(ResourceKey service)
    {
        if (_view.Find(KnownResources.Services, service)?.Metadata.Labels.Find(GatewayRendering.NameLabel) is { Length: > 0 } gateway)
        {
            _work.Add(new ResourceKey(service.Namespace, gateway));
        }
        else if (_view.Find(KnownResources.Gateways, service) is not null)
        {
            _work.Add(service);
        }
    }

    private async Task<string?> HandleAsync(ResourceKey key, CancellationToken cancellation)
    {
        if (_view.Find(KnownResources.Gateways, key) is not { Metadata.DeletionTimestamp: null } gateway || !_revision.Writes(gateway, _view)
            || ManagedClass.Of(_view.Find(KnownResources.GatewayClasses, new ResourceKey("", gateway.Spec.GatewayClassName))?.Spec.ControllerName) is not { } kind)
        {
            return null;
        }

        GatewayFacts facts = GatewayFacts.Of(gateway, kind, _view, _slices, _listeners(key));
        string? problem = _deployment?.ProblemOf(key);
        if (GatewayStatusRules.Status(gateway, kind, facts, problem, _domainSuffix, _clock.GetUtcNow()) is not { } status)
        {
            return null;
        }

        (ResourceType, ResourceKey) at = (KnownResources.Gateways, key);
        string wanted = GatewayStatusRules.Wanted(gateway, kind, facts, problem, _domainSuffix);
        return await _damped.MayWriteAsync(at, wanted, gateway.Metadata.Generation, cancellation)
            ? await StatusPatch.WriteAsync(_client, KnownResources.Gateways, gateway, status, cancellation, () => _damped.Note(at, wanted, gateway.Metadata.Generation))
            : null;
    }
}

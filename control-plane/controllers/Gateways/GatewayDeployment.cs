using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>Gives Gateways the objects that serve them (control-plane reference section 7). Thread-safe.</summary>
public sealed class GatewayDeployment : IController
{
    internal const string Manager = "istio.io/gateway-controller";
    private const int Version = 5;
    private const string DefaultsLabel = "gateway.istio.io/defaults-for-class";
    private const string NetworkLabel = "topology.istio.io/network";
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);
    private readonly KubernetesClient _client;
    private readonly IResourceSource _source;
    private readonly ClusterView _view;
    private readonly GatewayTemplate _template;
    private readonly GatewaySettings _settings;
    private readonly WritingRevision _revision;
    private readonly TimeProvider _clock;
    private readonly Logger _log;
    private readonly KeyedWork<ResourceKey> _work;
    private readonly ConcurrentDictionary<ResourceKey, string> _applied = new();
    private readonly ConcurrentDictionary<ResourceKey, string> _problems = new();
    private readonly GatewayLeftovers _leftovers;
    private ResourceCache<ConfigMap>? _defaults;

    /// <summary>Begins to listen to Gateways; works when it is run.</summary>
    public GatewayDeployment(KubernetesClient client, IResourceSource source, ClusterView view, GatewayTemplate template, GatewaySettings settings, TimeProvider clock, Logger log)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(settings);
        (_client, _source, _view, _template, _settings, _clock, _log) = (client, source, view, template, settings, clock, log);
        _revision = new WritingRevision(settings.Revision);
        _work = new KeyedWork<ResourceKey>(Name, HandleAsync, clock, log);
        _leftovers = new GatewayLeftovers(client, log);
        view.Changed += OnChanged;
    }

    /// <summary>Raised when what is wrong with a Gateway is another.</summary>
    public event Action<ResourceKey>? ProblemChanged;

    /// <inheritdoc/>
    public string Name => "gateways";

    /// <summary>Why a Gateway's objects cannot be made; null: they can.</summary>
    public string? ProblemOf(ResourceKey gateway) => _problems.GetValueOrDefault(gateway);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken leading)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(leading);
        _applied.Clear();
        _leftovers.Clear();
        _defaults = new ResourceCache<ConfigMap>(_source, KnownResources.ConfigMaps, new ResourceScope(_settings.SystemNamespace, Labels: DefaultsLabel));
        var deployments = new ResourceCache<Deployment>(_source, KnownResources.Deployments, new ResourceScope(Labels: GatewayRendering.ManagedLabel));
        var accounts = new ResourceCache<ServiceAccount>(_source, KnownResources.ServiceAccounts, new ResourceScope(Labels: GatewayRendering.ManagedLabel));
        Task[] following =
        [
            _defaults.RunAsync(
                _ =>
                {
                    AllDue();
                    return ValueTask.CompletedTask;
                },
                stopping.Token),
            deployments.RunAsync(OnChild, stopping.Token),
            accounts.RunAsync(OnChild, stopping.Token),
        ];
        await FollowedWork.RunAsync(following, WorkAsync(Task.WhenAll(_defaults.Synced, deployments.Synced, accounts.Synced), stopping.Token), stopping);
    }

    private async Task WorkAsync(Task synced, CancellationToken cancellation)
    {
        await synced.WaitAsync(cancellation);
        Task working = _work.RunAsync(static () => [], cancellation);
        while (!working.IsCompleted && !cancellation.IsCancellationRequested)
        {
            // Parameters live in any namespace and are not watched.
            AllDue();
            await Task.WhenAny(working, Task.Delay(LookAgain, _clock, cancellation));
        }

        // What is in flight still ends; with a delay that is over at once it would be waited for in circles.
        await working;
    }

    private void OnChanged(ResourceType type, ResourceKey key)
    {
        if (ReferenceEquals(type, KnownResources.Gateways))
        {
            _work.Add(key);
        }
        else if (ReferenceEquals(type, KnownResources.GatewayClasses))
        {
            foreach (Gateway gateway in _view.All(KnownResources.Gateways).Where(gateway => gateway.Spec.GatewayClassName == key.Name))
            {
                _work.Add(gateway.Key);
            }
        }
        else if (ReferenceEquals(type, KnownResources.Services))
        {
            foreach (Gateway gateway in _view.All(KnownResources.Gateways).Where(gateway => gateway.Metadata.Namespace == key.Namespace && KindOf(gateway) is { } kind && GatewayRendering.NameOf(gateway, kind) == key.Name))
            {
                _applied.TryRemove(gateway.Key, out _);
                _work.Add(gateway.Key);
            }
        }
        else if (ReferenceEquals(type, KnownResources.Namespaces) && key.Name == _settings.SystemNamespace)
        {
            AllDue();
        }
    }

    private void AllDue()
    {
        foreach (Gateway gateway in _view.All(KnownResources.Gateways))
        {
            _work.Add(gateway.Key);
        }
    }

    /// <summary>What was made for a Gateway is gone or was changed; its status alone does not count.</summary>
    private ValueTask OnChild<T>(ResourceChange<T> change)
        where T : Resource
    {
        T? child = change.New ?? change.Old;
        bool isStatusOnly = change is { Old: { } old, New: { } now } && old.Metadata.Generation == now.Metadata.Generation && old.Metadata.Labels.Equals(now.Metadata.Labels);
        if (!isStatusOnly && change.Kind is not ResourceChangeKind.Synced && child?.Metadata.Labels.Find(GatewayRendering.NameLabel) is { Length: > 0 } name)
        {
            var gateway = new ResourceKey(change.Key.Namespace, name);
            _applied.TryRemove(gateway, out _);
            _work.Add(gateway);
        }

        return ValueTask.CompletedTask;
    }

    private async Task<string?> HandleAsync(ResourceKey key, CancellationToken cancellation)
    {
        if (_view.Find(KnownResources.Gateways, key) is not { Metadata.DeletionTimestamp: null } gateway || !IsOurs(gateway, out ManagedClass? kind))
        {
            _applied.TryRemove(key, out _);
            _leftovers.Forget(key);
            SetProblem(key, null);
            return null;
        }

        (List<StringMap>? overlays, string? problem, string? failure) = await OverlaysAsync(gateway, cancellation);
        if (failure is not null)
        {
            // Nothing is said about the Gateway: what was wrong with it, or was not, stays so until the server answers.
            return failure;
        }

        string network = _view.Find(KnownResources.Namespaces, new ResourceKey("", _settings.SystemNamespace))?.Metadata.Labels.Find(NetworkLabel) ?? "";
        IReadOnlyList<GatewayObject>? objects = overlays is null ? null : GatewayRendering.Render(gateway, kind, _template, network, _settings, overlays, out problem);
        SetProblem(key, problem);
        if (await ClaimAsync(gateway, cancellation) is { } unclaimed)
        {
            return unclaimed;
        }

        string fingerprint = string.Concat(objects?.Select(static made => made.Json.ToJsonString()) ?? []);
        if (objects is null)
        {
            return null;
        }

        if (_applied.GetValueOrDefault(key) == fingerprint)
        {
            return await _leftovers.CollectAsync(gateway, objects, isNew: false, cancellation);
        }

        // Remembered before it is done, so that what is changed meanwhile is seen as a change.
        _applied[key] = fingerprint;
        bool isAllApplied = false;
        try
        {
            (string? error, isAllApplied) = await ApplyAllAsync(objects, cancellation);
            return error ?? await _leftovers.CollectAsync(gateway, objects, isNew: true, cancellation);
        }
        finally
        {
            // What failed is tried again. What is somebody else's is not watched: with each round it is seen whether the name is free.
            if (!isAllApplied)
            {
                _applied.TryRemove(key, out _);
            }
        }
    }

    /// <summary>Why it failed, and whether all of it is as it should be.</summary>
    private async Task<(string? Error, bool IsAll)> ApplyAllAsync(IReadOnlyList<GatewayObject> objects, CancellationToken cancellation)
    {
        bool isAll = true;
        foreach (GatewayObject made in objects)
        {
            (string? error, bool isLeftAlone) = await ApplyAsync(made, cancellation);
            if (error is not null)
            {
                return (error, false);
            }

            isAll &= !isLeftAlone || !GatewayLeftovers.IsServing(made.Type);
        }

        return (null, isAll);
    }

    private ManagedClass? KindOf(Gateway gateway) => ManagedClass.Of(_view.Find(KnownResources.GatewayClasses, new ResourceKey("", gateway.Spec.GatewayClassName))?.Spec.ControllerName);

    private bool IsOurs(Gateway gateway, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ManagedClass? kind)
    {
        kind = KindOf(gateway);
        string? version = gateway.Metadata.Annotations.Find(GatewayRendering.VersionAnnotation);
        return kind is { Deploys: true } && (_settings.SpansNetworks || !kind.IsForOtherNetworks) && GatewayRendering.IsManaged(gateway) && _revision.Writes(gateway, _view)
            && (version is null || (int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= Version));
    }

    /// <summary>Says on the Gateway which generation of controllers has it; written once.</summary>
    private async Task<string?> ClaimAsync(Gateway gateway, CancellationToken cancellation)
    {
        string mine = Version.ToString(CultureInfo.InvariantCulture);
        if (gateway.Metadata.Annotations.Find(GatewayRendering.VersionAnnotation) == mine)
        {
            return null;
        }

        var body = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [GatewayRendering.VersionAnnotation] = mine } } };
        ApiResult<Gateway> claimed = await _client.PatchAsync(KnownResources.Gateways, gateway.Key, Patch.Merge(Encoding.UTF8.GetBytes(body.ToJsonString()), Manager), cancellation);
        return claimed.Error is { IsNotFound: false } error ? error.ToString() : null;
    }

    /// <summary>The overlays; or what is wrong with the Gateway; or why that cannot be known now.</summary>
    private async Task<(List<StringMap>? Overlays, string? Problem, string? Failure)> OverlaysAsync(Gateway gateway, CancellationToken cancellation)
    {
        var overlays = new List<StringMap>();
        if (_defaults!.All.Where(map => map.Metadata.Labels.Find(DefaultsLabel) == gateway.Spec.GatewayClassName).OrderBy(static map => map.Metadata.CreationTimestamp).FirstOrDefault() is { } defaults)
        {
            overlays.Add(defaults.Data);
        }

        if (gateway.Spec.Infrastructure?.ParametersRef is not { } reference)
        {
            return (overlays, null, null);
        }

        if (reference is not { Kind: "ConfigMap", Group: "" })
        {
            return (null, $"spec.infrastructure.parametersRef: kind {reference.Kind} of group \"{reference.Group}\" is not supported; allowed: ConfigMap of the core group", null);
        }

        ApiResult<ConfigMap> read = await _client.GetAsync(KnownResources.ConfigMaps, new ResourceKey(gateway.Metadata.Namespace, reference.Name), cancellation);
        if (!read.IsOk(out ConfigMap? parameters, out ApiError? error))
        {
            string said = $"spec.infrastructure.parametersRef: the ConfigMap {reference.Name} cannot be read: {error.Message}";
            return error.IsNotFound || error.IsForbidden ? (null, said, null) : (null, null, said);
        }

        overlays.Add(parameters.Data);
        return (overlays, null, null);
    }

    private Task<(string? Error, bool IsLeftAlone)> ApplyAsync(GatewayObject made, CancellationToken cancellation) => made.Type switch
    {
        ResourceType<Deployment> type => ApplyAsync(type, made, cancellation),
        ResourceType<Kubernetes.Resources.Services.Service> type => ApplyAsync(type, made, cancellation),
        ResourceType<ServiceAccount> type => ApplyAsync(type, made, cancellation),
        ResourceType<HorizontalPodAutoscaler> type => ApplyAsync(type, made, cancellation),
        ResourceType<PodDisruptionBudget> type => ApplyAsync(type, made, cancellation),
        _ => Task.FromResult<(string?, bool)>(($"{made.Type.Kind} is not made for Gateways", false)),
    };

    /// <summary>What is there and was not made by a controller like us is left alone; what we looked at is what is changed.</summary>
    private async Task<(string? Error, bool IsLeftAlone)> ApplyAsync<T>(ResourceType<T> type, GatewayObject made, CancellationToken cancellation)
        where T : Resource
    {
        ApiResult<T> read = await _client.GetAsync(type, made.Key, cancellation);
        ApiResult<string> version = await _client.Discovery.VersionOfAsync(type, cancellation);
        if ((read.Error is { IsNotFound: false } ? read.Error : version.Error) is { } failure)
        {
            return (failure.ToString(), false);
        }

        var body = (JsonObject)made.Json.DeepClone();
        body["apiVersion"] = type.ApiVersion(version.Value!);
        if (read.Value is { } there)
        {
            if (!there.Metadata.Labels.ContainsKey(GatewayRendering.ManagedLabel))
            {
                _log.Warn("an object of this name is somebody else's and is left alone", LogField.Of("kind", type.Kind), LogField.Of("object", made.Key.ToString()));
                return (null, true);
            }

            body["metadata"]!["resourceVersion"] = there.Metadata.ResourceVersion;
        }

        ApiResult<T> applied = await _client.PatchAsync(type, made.Key, Patch.Apply(Encoding.UTF8.GetBytes(body.ToJsonString()), Manager), cancellation);
        return (applied.Error is { } error ? $"{type.Kind} {made.Key}: {error}" : null, false);
    }

    private void SetProblem(ResourceKey key, string? problem)
    {
        string? before = _problems.GetValueOrDefault(key);
        if (before == problem)
        {
            return;
        }

        if (problem is null)
        {
            _problems.TryRemove(key, out _);
        }
        else
        {
            _problems[key] = problem;
            _log.Warn("a Gateway's objects cannot be made", LogField.Of("gateway", key.ToString()), LogField.Of("problem", problem));
        }

        ProblemChanged?.Invoke(key);
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>Makes the classes that are missing, never changes one that is there, and says that it answers for them (control-plane reference 7.1). Thread-safe.</summary>
public sealed class GatewayClasses : IController
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);
    private readonly KubernetesClient _client;
    private readonly ClusterView _view;
    private readonly TimeProvider _clock;
    private readonly KeyedWork<string> _work;
    private readonly DampedWrites _damped;
    private readonly IReadOnlyList<ManagedClass> _made;

    /// <summary>Begins to listen to classes; works when it is run.</summary>
    /// <param name="client">The API.</param>
    /// <param name="view">What is there.</param>
    /// <param name="clock">The time.</param>
    /// <param name="log">Where failures are told.</param>
    /// <param name="spansNetworks">Whether gateways for other networks are made as well.</param>
    public GatewayClasses(KubernetesClient client, ClusterView view, TimeProvider clock, Logger log, bool spansNetworks = false)
    {
        _made = [.. ManagedClass.All.Where(kind => spansNetworks || !kind.IsForOtherNetworks)];
        ArgumentNullException.ThrowIfNull(view);
        (_client, _view, _clock) = (client, view, clock);
        _work = new KeyedWork<string>(Name, HandleAsync, clock, log, workers: 1);
        _damped = new DampedWrites(Name, client, (at, pause, leading) => _work.AddAfter(at.Key.Name, pause, leading), clock, log);
        view.Changed += (type, key) =>
        {
            if (ReferenceEquals(type, KnownResources.GatewayClasses))
            {
                _work.Add(key.Name);
            }
        };
    }

    /// <inheritdoc/>
    public string Name => "gateway classes";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken leading)
    {
        _damped.Clear();
        Task working = _work.RunAsync(static () => [], leading);
        while (!working.IsCompleted && !leading.IsCancellationRequested)
        {
            // The definitions may come long after we did.
            foreach (string name in _made.Select(static kind => kind.Name).Concat(_view.All(KnownResources.GatewayClasses).Select(static found => found.Metadata.Name)))
            {
                _work.Add(name);
            }

            await Task.WhenAny(working, Task.Delay(LookAgain, _clock, leading));
        }

        // The lead may be given back once we return: no write of ours may then still be under way.
        await working;
    }

    private async Task<string?> HandleAsync(string name, CancellationToken cancellation)
    {
        if (_view.Find(KnownResources.GatewayClasses, new ResourceKey("", name)) is { } found)
        {
            return ManagedClass.Of(found.Spec.ControllerName) is null ? null : await AcceptAsync(found, cancellation);
        }

        if (_made.FirstOrDefault(kind => kind.Name == name) is not { } missing)
        {
            return null;
        }

        ApiResult<string> version = await _client.Discovery.VersionOfAsync(KnownResources.GatewayClasses, cancellation);
        if (!version.IsOk(out string? served, out ApiError? error))
        {
            return error.IsNotFound ? null : error.ToString();
        }

        var body = new JsonObject
        {
            ["apiVersion"] = KnownResources.GatewayClasses.ApiVersion(served),
            ["kind"] = "GatewayClass",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject { ["controllerName"] = missing.Controller, ["description"] = missing.Description },
        };

        // Not forced: what somebody else has made meanwhile stays as it is.
        ApiResult<GatewayClass> made = await _client.PatchAsync(KnownResources.GatewayClasses, new ResourceKey("", name), Patch.Apply(Encoding.UTF8.GetBytes(body.ToJsonString()), GatewayDeployment.Manager, isForced: false), cancellation);
        return made.Error is { IsConflict: false } failure ? failure.ToString() : null;
    }

    private async Task<string?> AcceptAsync(GatewayClass found, CancellationToken cancellation)
    {
        var accepted = new Condition { Type = "Accepted", Status = "True", Reason = "Accepted", Message = "Handled by ambientd" };
        (ResourceType, ResourceKey) at = (KnownResources.GatewayClasses, found.Key);
        return ConditionList.Merge(found.Status.Conditions, [accepted], ["Accepted"], found.Metadata.Generation, _clock.GetUtcNow()) is { } conditions
            && await _damped.MayWriteAsync(at, accepted, found.Metadata.Generation, cancellation)
            ? await StatusPatch.WriteAsync(_client, KnownResources.GatewayClasses, found, new JsonObject { ["conditions"] = ConditionList.ToJson(conditions) }, cancellation, () => _damped.Note(at, accepted, found.Metadata.Generation))
            : null;
    }
}

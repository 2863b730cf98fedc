using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Sources;

/// <summary>
/// The agent's DaemonSet (cni-and-redirection.md 3.6): while it is there and chooses this node, the end of the agent is an upgrade, a restart or a reboot.
/// Gone is also an agent whose account is gone. A right that was taken away alone says nothing, so it is asked again for as long as an account that is
/// removed with it may still be known to the API server. Thread-safe.
/// </summary>
public sealed class DaemonSetKeeper(KubernetesClient client, string podNamespace, string node, TimeProvider time, Logger log) : IAgentKeeper
{
    /// <summary>The name that the chart gives it; the agent knows its own pods by it.</summary>
    public const string Name = "istio-cni-node";

    private const int Unauthorized = 401;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>An API server keeps an account that was deleted for ten seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(14);

    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public async Task<bool> IsGoneAsync(CancellationToken cancellation)
    {
        ApiResult<DaemonSet> answer = await AskAsync(() => client.GetAsync(KnownResources.DaemonSets, new ResourceKey(podNamespace, Name), cancellation), cancellation);
        if (answer.Value is { } found)
        {
            return found.Metadata.DeletionTimestamp is not null || await IsElsewhereAsync(found, cancellation);
        }

        if (answer.Error is { IsNotFound: true } or { Code: Unauthorized })
        {
            log.Info("the agent's DaemonSet is gone", LogField.Of("daemonset", Name), LogField.Of("answer", answer.Error.ToString()));
            return true;
        }

        Doubt(answer.Error);
        return false;
    }

    /// <summary>Whether the DaemonSet does not choose this node any more. A node without an object is going itself: nothing there has to be tidied.</summary>
    private async Task<bool> IsElsewhereAsync(DaemonSet daemonSet, CancellationToken cancellation)
    {
        if (daemonSet.Spec.Template.Spec is { NodeSelector.Count: 0, Affinity.NodeAffinity.Required: null })
        {
            return false;
        }

        ApiResult<Node> answer = await AskAsync(() => client.GetAsync(KnownResources.Nodes, new ResourceKey("", node), cancellation), cancellation);
        if (answer.Value is not { } here)
        {
            Doubt(answer.Error);
            return false;
        }

        bool isElsewhere = daemonSet.Spec.Template.Spec.Chooses(here) is false;
        if (isElsewhere)
        {
            log.Info("the agent's DaemonSet does not choose this node any more", LogField.Of("daemonset", Name), LogField.Of("node", node));
        }

        return isElsewhere;
    }

    /// <summary>Asks until there is an answer, or for long enough.</summary>
    private async Task<ApiResult<T>> AskAsync<T>(Func<Task<ApiResult<T>>> ask, CancellationToken cancellation)
        where T : class
    {
        long started = time.GetTimestamp();
        while (true)
        {
            ApiResult<T> answer = await ask();
            if (answer.Value is not null || answer.Error is { IsNotFound: true } or { Code: Unauthorized })
            {
                return answer;
            }

            if (time.GetElapsedTime(started) >= (answer.Error is { IsForbidden: true } ? Patience : ShortPatience))
            {
                return answer;
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }

    private void Doubt(ApiError? error) => log.Warn(
        "whether the agent comes back cannot be learnt, so everything stays as it is; if it does not, run it once with the word uninstall", LogField.Of("error", error?.ToString()));
}

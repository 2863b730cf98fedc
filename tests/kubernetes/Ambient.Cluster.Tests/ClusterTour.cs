using System.Text.Json;
using Ambient.Cli.Demo.Checks;
using Ambient.Rig.Clusters;
using Ambient.Rig.Nodes;
using Ambient.Topology.Processes;

namespace Ambient.Cluster.Tests;

/// <summary>The rig's Kubernetes as the place of the bookshop's tour.</summary>
internal sealed class ClusterTour(RigCluster cluster, ITourPod client, ITourPod batch) : ITourPlace
{
    public const string Space = "bookshop";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public ITourPod Client => client;

    public ITourPod Batch => batch;

    /// <summary>A pod of the rig that asks.</summary>
    public static async Task<ITourPod> AskerAsync(RigCluster cluster, string node, string address)
    {
        RigNode on = cluster.Nodes.Single(n => n.Name == node);
        return new Asker(on, await on.NetworkOfAsync(address) ?? throw new InvalidOperationException($"{node} has no pod with {address}"));
    }

    public async Task<string?> ApplyAsync(string manifests)
    {
        CommandResult applied = await cluster.TryKubectlAsync(manifests, "apply", "--validate=false", "-f", "-");
        return applied.Succeeded ? null : applied.Text;
    }

    public Task DeleteAsync(string manifests) => cluster.TryKubectlAsync(manifests, "delete", "--ignore-not-found", "-f", "-");

    public async Task<string?> SettleAsync(CancellationToken cancellation)
    {
        string[] missing = ["everything"];
        try
        {
            await cluster.UntilAsync(async () => (missing = [.. await MissingAsync()]).Length == 0, "settled bookshop", Patience);
            return null;
        }
        catch (TimeoutException e)
        {
            return $"{string.Join(", ", missing)} must be ready: {e.Message}";
        }
    }

    public async Task<IReadOnlyList<(string Name, IReadOnlyList<string> Addresses)>> PodsAsync()
    {
        JsonElement pods = (await cluster.GetAsync("pods", "-n", Space)).GetProperty("items");
        return
        [
            .. pods.EnumerateArray().Where(p => !p.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _)).Select(p => (
                p.GetProperty("metadata").GetProperty("name").GetString()!,
                (IReadOnlyList<string>)(p.GetProperty("status").TryGetProperty("podIP", out JsonElement address) ? [address.GetString()!] : []))),
        ];
    }

    public async Task<string> LogAsync(string pod) => (await cluster.TryKubectlAsync(null, "-n", Space, "logs", pod, "--tail=20")).Output;

    /// <summary>As the API server reaches a pod: from outside of the mesh.</summary>
    public Task<string> MetricsAsync(string pod, CancellationToken cancellation) => cluster.KubectlAsync("get", "--raw", $"/api/v1/namespaces/{Space}/pods/{pod}:15020/proxy/metrics");

    /// <summary>Deployments without all their pods, and Gateways that are not programmed.</summary>
    private async Task<IEnumerable<string>> MissingAsync()
    {
        JsonElement deployments = (await cluster.GetAsync("deployments", "-n", Space)).GetProperty("items");
        JsonElement gateways = (await cluster.GetAsync("gateways.gateway.networking.k8s.io", "-n", Space)).GetProperty("items");
        return deployments.EnumerateArray()
            .Where(d => Number(d, "readyReplicas") != d.GetProperty("spec").GetProperty("replicas").GetInt32() || Number(d, "observedGeneration") != d.GetProperty("metadata").GetProperty("generation").GetInt32())
            .Concat(gateways.EnumerateArray().Where(g => !Is(g, "Programmed")))
            .Select(o => o.GetProperty("metadata").GetProperty("name").GetString()!);
    }

    /// <summary>Whether a condition of an object is true.</summary>
    public static bool Is(JsonElement item, string condition) =>
        item.TryGetProperty("status", out JsonElement status) && status.TryGetProperty("conditions", out JsonElement conditions)
        && conditions.EnumerateArray().Any(c => c.GetProperty("type").GetString() == condition && c.GetProperty("status").GetString() == "True");

    private static int Number(JsonElement item, string field) => item.GetProperty("status").TryGetProperty(field, out JsonElement number) ? number.GetInt32() : 0;

    private sealed class Asker(RigNode node, string network) : ITourPod
    {
        public Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan? deadline = null) => node.RunInPodAsync(network, program, arguments, deadline);
    }
}

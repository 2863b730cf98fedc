using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>The sandbox as the place of the tour.</summary>
internal sealed class SandboxTour(SandboxMesh mesh) : ITourPlace
{
    private const string Shop = "bookshop";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(25);

    /// <inheritdoc/>
    public ITourPod Client => new Asker(mesh.Pod(SandboxLayout.Client));

    /// <inheritdoc/>
    public ITourPod Batch => new Asker(mesh.Pod(SandboxLayout.Batch));

    /// <inheritdoc/>
    public Task<string?> ApplyAsync(string manifests) => Task.FromResult(mesh.Objects.Apply(manifests).Error);

    /// <inheritdoc/>
    public Task DeleteAsync(string manifests)
    {
        mesh.Objects.Delete(manifests);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<string?> SettleAsync(CancellationToken cancellation)
    {
        mesh.Workloads.Unsettle();
        TimeSpan? settled = await Requests.UntilAsync(() => Task.FromResult(mesh.Workloads.IsSettled), Deadline, cancellation);
        return settled is null ? "its pods must start: " + mesh.Workloads.LastError : null;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<(string Name, IReadOnlyList<string> Addresses)>> PodsAsync() => Task.FromResult<IReadOnlyList<(string, IReadOnlyList<string>)>>(
        [.. mesh.Pods.Where(p => p.Plan.Namespace == Shop).Select(p => (p.Plan.Name, (IReadOnlyList<string>)[.. p.Addresses.Select(a => a.ToString())]))]);

    /// <inheritdoc/>
    public Task<string> LogAsync(string pod) => Task.FromResult(Find(pod)?.Application?.LogTail() ?? "");

    /// <inheritdoc/>
    public Task<string> MetricsAsync(string pod, CancellationToken cancellation) =>
        NodeHttp.GetAsync(Find(pod)?.Network.Namespace ?? throw new CheckFailedException($"there is no pod {pod}"), 15020, "/metrics", cancellation);

    private SandboxPod? Find(string pod) => mesh.Pods.FirstOrDefault(p => p.Plan.Name == pod && p.Plan.Namespace == Shop);

    private sealed class Asker(SandboxPod pod) : ITourPod
    {
        public Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan? deadline = null) =>
            Command.RunInAsync(pod.Network.NamespaceName, program, arguments, deadline: deadline);
    }
}

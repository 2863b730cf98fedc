namespace Ambient.Cli.Sandbox.Objects;

/// <summary>
/// Follows the folder and keeps the pods running that its Deployments and waypoints ask for: controller-manager, scheduler and kubelet in one. Thread-safe.
/// </summary>
internal sealed class WorkloadRunner(SandboxMesh mesh, ClusterObjects objects, WantedPods wanted, string logPath) : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);
    private readonly Dictionary<string, string> _origins = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private volatile bool _isSettled;

    /// <summary>What failed last; empty when nothing did.</summary>
    public string LastError { get; private set; } = "";

    /// <summary>Whether everything that was asked for at the last look runs.</summary>
    public bool IsSettled => _isSettled;

    /// <summary>Begins to follow. Pods that run already are kept.</summary>
    public void Start(IReadOnlyDictionary<string, string> running)
    {
        foreach ((string name, string origin) in running)
        {
            _origins[name] = origin;
        }

        _running = Task.Run(RunAsync);
    }

    /// <summary>The managed pods and what each was made from.</summary>
    public IReadOnlyDictionary<string, string> Origins
    {
        get
        {
            lock (_origins)
            {
                return _origins.ToDictionary(StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Marks what is there as not looked at yet.</summary>
    public void Unsettle() => _isSettled = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Every, TimeProvider.System);
        (long, int) seen = default;
        try
        {
            do
            {
                (long, int) now = Stamp();
                if (now != seen || !_isSettled)
                {
                    seen = now;
                    _isSettled = await ReconcileAsync();
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // It ends.
        }
    }

    private (long, int) Stamp()
    {
        string[] files = [.. Directory.EnumerateFiles(mesh.Manifests.Folder).Where(static f => Path.GetFileName(f) is var n && (n.StartsWith("deployment.", StringComparison.Ordinal) || n.StartsWith("gateway.", StringComparison.Ordinal)))];
        return (files.Sum(static f => File.GetLastWriteTimeUtc(f).Ticks >> 8), files.Length);
    }

    private async Task<bool> ReconcileAsync()
    {
        try
        {
            foreach (ManifestDocument gateway in objects.List("Gateway").Where(static g => g.Text("spec", "gatewayClassName") == WantedPods.WaypointClass && g.Find("status") is null))
            {
                objects.Apply(WantedPods.ServiceOf(gateway));
                gateway.Root.Children[new YamlDotNet.RepresentationModel.YamlScalarNode("status")] = WantedPods.StatusOf(gateway);
                mesh.Manifests.Apply(gateway.File, gateway.ToString());
            }

            IReadOnlyList<(Model.PodPlan Plan, string Origin)> all = wanted.Of(objects);
            IReadOnlyDictionary<string, string> origins = Origins;
            foreach (string gone in origins.Keys.Where(name => !all.Any(w => w.Plan.Name == name && w.Origin == origins[name])))
            {
                if (mesh.Pods.FirstOrDefault(p => p.Plan.Name == gone) is { } pod)
                {
                    await mesh.KillPodAsync(pod);
                }

                Forget(gone);
            }

            await Task.WhenAll(all.Where(w => !origins.TryGetValue(w.Plan.Name, out string? origin) || origin != w.Origin).Select(StartAsync));
            return true;
        }
        catch (Exception failed) when (failed is TimeoutException or IOException or InvalidOperationException or Ambient.Linux.LinuxException or Topology.Containers.CniFailedException or Topology.Processes.CommandFailedException)
        {
            // Said, and tried again with the next look.
            LastError = failed.Message;
            await File.AppendAllTextAsync(logPath, failed.Message + "\n");
            return false;
        }
    }

    private async Task StartAsync((Model.PodPlan Plan, string Origin) one)
    {
        try
        {
            await mesh.StartPodAsync(one.Plan, _stop.Token);
            lock (_origins)
            {
                _origins[one.Plan.Name] = one.Origin;
            }
        }
        catch when (mesh.Pods.FirstOrDefault(p => p.Plan.Name == one.Plan.Name) is not null)
        {
            await mesh.KillPodAsync(mesh.Pods.First(p => p.Plan.Name == one.Plan.Name));
            throw;
        }
    }

    private void Forget(string name)
    {
        lock (_origins)
        {
            _origins.Remove(name);
        }
    }
}

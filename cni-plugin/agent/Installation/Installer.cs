using Ambient.Cni.Agent.Operators;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Installation;

/// <summary>
/// Keeps the CNI configuration as it should be: installs, watches the folder, heals what others overwrite. Backs off when somebody always writes
/// again. Thread-safe.
/// </summary>
public sealed class Installer(InstallerOptions options, AgentMetrics? metrics, TimeProvider time, Logger log)
{
    private const int PatientRounds = 5;
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BreathAfterFailure = TimeSpan.FromSeconds(1);
    private readonly Installation _installation = new(options);
    private volatile string? _obstacle = "not installed yet";

    /// <summary>What keeps the configuration from being right; null when it is.</summary>
    public string? Obstacle => _obstacle;

    /// <summary>Installs and watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var changed = new SemaphoreSlim(0);
        FileSystemWatcher? watcher = null, binWatcher = null;
        int heals = 0, failures = 0;
        bool isInstalled = false;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                // The watch first, then the look: what changes in between wakes us.
                watcher ??= Watch(options.CniFolder, "*", changed);
                binWatcher ??= options.BinFolder is { } bin ? Watch(bin, Conflist.PluginType, changed) : null;
                string? wrong = _installation.Check();
                if (wrong is null && isInstalled)
                {
                    Publish(null);
                    (heals, failures) = (0, 0);
                }
                else
                {
                    (string? error, string result) = _installation.Install();
                    metrics?.Installs.With(result).Increment();
                    isInstalled = error is null;
                    error ??= _installation.Check();
                    Publish(error);
                    (heals, failures) = error is null ? (heals + 1, 0) : (0, failures + 1);
                }

                await PauseAsync(heals, failures, changed, cancellation);
                watcher = StillThere(watcher, options.CniFolder);
                binWatcher = StillThere(binWatcher, options.BinFolder);
            }
        }
        finally
        {
            watcher?.Dispose();
            binWatcher?.Dispose();
        }
    }

    /// <summary>A watcher of a folder that went away watches nothing, not even its successor.</summary>
    private static FileSystemWatcher? StillThere(FileSystemWatcher? watcher, string? folder)
    {
        if (watcher is null || Directory.Exists(folder))
        {
            return watcher;
        }

        watcher.Dispose();
        return null;
    }

    private void Publish(string? obstacle)
    {
        if (obstacle != _obstacle)
        {
            log.Log(obstacle is null ? LogLevel.Info : LogLevel.Warn, obstacle is null ? "CNI configuration is in place" : "CNI configuration is not in place", LogField.Of("folder", options.CniFolder), LogField.Of("reason", obstacle));
        }

        _obstacle = obstacle;
        metrics?.InstallReady.With().Set(obstacle is null ? 1 : 0);
    }

    /// <summary>Waits for a change, or looks anyway after a while. Who heals again and again pauses, longer each time.</summary>
    private async Task PauseAsync(int heals, int failures, SemaphoreSlim changed, CancellationToken cancellation)
    {
        // A full disk or a folder that may not be written wakes us by our own drafts: a breath between two tries.
        if (failures > PatientRounds)
        {
            await Task.Delay(BreathAfterFailure, time, cancellation);
        }

        if (heals > PatientRounds)
        {
            TimeSpan pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, heals - PatientRounds), LongestPause.TotalSeconds));
            log.Warn("somebody overwrites the CNI configuration again and again; with Cilium set cni.exclusive=false", LogField.Of("folder", options.CniFolder), LogField.Milliseconds("pause", (long)pause.TotalMilliseconds));
            await Task.Delay(pause, time, cancellation);
        }

        using ITimer timer = time.CreateTimer(static s => ((SemaphoreSlim)s!).Release(), changed, LookAnyway, Timeout.InfiniteTimeSpan);
        await changed.WaitAsync(cancellation);
        while (changed.Wait(0, CancellationToken.None))
        {
            // One look serves all that came together.
        }
    }

    private static FileSystemWatcher? Watch(string folder, string files, SemaphoreSlim changed)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder, files) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Attributes };
            watcher.Changed += (_, _) => changed.Release();
            watcher.Created += (_, _) => changed.Release();
            watcher.Deleted += (_, _) => changed.Release();
            watcher.Renamed += (_, _) => changed.Release();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception unwatched) when (unwatched is ArgumentException or IOException)
        {
            return null;
        }
    }
}

using System.Text.Json;
using Ambient.Cli.Sandbox.Model;

namespace Ambient.Cli.Sandbox.Observation;

/// <summary>
/// Follows what the node agents report and notes in the manifests who is captured, as agents annotate pods at an API server. A pod that is
/// pending again stays what it was: its peers must not turn to plaintext because a proxy restarts. Not thread-safe.
/// </summary>
internal sealed class CaptureWatch(IReadOnlyList<string> statusFolders, MeshManifests manifests) : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _captured = new(StringComparer.Ordinal);
    private Task _running = Task.CompletedTask;

    /// <summary>Begins to follow.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Looks once.</summary>
    internal void Look()
    {
        Dictionary<string, bool> reported = new(StringComparer.Ordinal);
        foreach (string file in statusFolders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*.json")))
        {
            if (Read(file) is { } status)
            {
                reported[status.Key] = status.IsEnabled;
            }
        }

        // Told each time: the manifest may have been written anew meanwhile.
        foreach (string key in reported.Where(r => r.Value).Select(r => r.Key))
        {
            _captured.Add(key);
            Tell(key, true);
        }

        foreach (string key in _captured.Where(k => !reported.ContainsKey(k)).ToArray())
        {
            _captured.Remove(key);
            Tell(key, false);
        }
    }

    private static (string Key, bool IsEnabled)? Read(string file)
    {
        try
        {
            using JsonDocument status = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement root = status.RootElement;
            return (root.GetProperty("namespace").GetString() + "/" + root.GetProperty("name").GetString(), root.GetProperty("redirection").GetString() == "enabled");
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Gone meanwhile: the next look knows more.
            return null;
        }
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Every, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Look();
            }
        }
        catch (OperationCanceledException)
        {
            // It ends.
        }
    }

    private void Tell(string key, bool isCaptured)
    {
        string[] parts = key.Split('/');
        manifests.SetCaptured(parts[0], parts[1], isCaptured);
    }
}

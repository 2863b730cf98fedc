namespace Ambient.Identity.Trust;

/// <summary>
/// Calls back once a file may have changed. It watches the directory, so that the symbolic links that Kubernetes swaps are seen as well,
/// and waits until events have been quiet for a while. Thread-safe.
/// </summary>
public sealed class FileWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileSystemWatcher? _watcher;
    private readonly ITimer _debounce;
    private readonly TimeSpan _quiet;
    private bool _disposed;

    /// <summary>Begins to watch.</summary>
    /// <param name="path">The file; only its directory must exist. Without one nothing is watched and <see cref="IsWatching"/> is false.</param>
    /// <param name="quiet">How long events must have been quiet before the callback.</param>
    /// <param name="onChanged">Called on the thread pool; must not throw.</param>
    /// <param name="clock">Measures the quiet time.</param>
    public FileWatch(string path, TimeSpan quiet, Action onChanged, TimeProvider clock)
    {
        _quiet = quiet;
        _debounce = clock.CreateTimer(static callback => ((Action)callback!)(), onChanged, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        string directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        if (!Directory.Exists(directory))
        {
            return;
        }

        try
        {
            _watcher = new FileSystemWatcher(directory)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            _watcher.Changed += (_, _) => Touch();
            _watcher.Created += (_, _) => Touch();
            _watcher.Deleted += (_, _) => Touch();
            _watcher.Renamed += (_, _) => Touch();
            _watcher.Error += (_, _) => Touch();
            _watcher.EnableRaisingEvents = true;
        }
        catch (IOException)
        {
            // No inotify watch to be had (fs.inotify.max_user_instances): work goes on with what was read at start.
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    /// <summary>Whether changes will be seen.</summary>
    public bool IsWatching => _watcher is not null;

    /// <summary>As if an event had come: the callback follows after the quiet time.</summary>
    public void Touch()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _debounce.Change(_quiet, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _watcher?.Dispose();
        _debounce.Dispose();
    }
}

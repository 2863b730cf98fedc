namespace Ambient.Identity.Trust;

/// <summary>
/// Calls back once a file may have changed. It watches the directory, so that the symbolic links that Kubernetes swaps are seen as well,
/// and waits until events have been quiet for a while. Thread-safe.
/// </summary>
public sealed class FileWatch : IDisposable
{
    private const int MaxQuiets = 8;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly TimeSpan _quiet;
    private readonly Action _onChanged;
    private readonly TimeProvider _clock;
    private readonly ITimer _debounce;
    private readonly ITimer _retry;
    private FileSystemWatcher? _watcher;
    private long? _restless;
    private bool _disposed;

    /// <summary>Begins to watch.</summary>
    /// <param name="path">The file; it need not exist. While its directory doesn't, that is looked for every few seconds.</param>
    /// <param name="quiet">How long events must have been quiet before the callback; where they never are, it comes after eight times that.</param>
    /// <param name="onChanged">Called on the thread pool; must not throw.</param>
    /// <param name="clock">Measures the times.</param>
    public FileWatch(string path, TimeSpan quiet, Action onChanged, TimeProvider clock)
    {
        _quiet = quiet;
        _onChanged = onChanged;
        _clock = clock;
        _directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        _debounce = clock.CreateTimer(static watch => ((FileWatch)watch!).OnQuiet(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _retry = clock.CreateTimer(static watch => ((FileWatch)watch!).TryAgain(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!TryWatch())
        {
            _retry.Change(Retry, Retry);
        }
    }

    /// <summary>Whether changes are seen at present.</summary>
    public bool IsWatching => Volatile.Read(ref _watcher) is not null;

    /// <summary>As if an event had come: the callback follows after the quiet time.</summary>
    public void Touch()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            // A neighbour in the directory that is written all the time (a log) must not put it off for ever.
            long now = _clock.GetTimestamp();
            _restless ??= now;
            TimeSpan patience = (_quiet * MaxQuiets) - _clock.GetElapsedTime(_restless.Value, now);
            TimeSpan wait = patience < _quiet ? patience : _quiet;
            _debounce.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _watcher?.Dispose();
        }

        _retry.Dispose();
        _debounce.Dispose();
    }

    private void OnQuiet()
    {
        lock (_gate)
        {
            _restless = null;
        }

        _onChanged();
    }

    private void TryAgain()
    {
        if (TryWatch())
        {
            _retry.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Touch();
        }
    }

    private bool TryWatch()
    {
        lock (_gate)
        {
            if (_disposed || _watcher is not null)
            {
                return true;
            }

            if (!Directory.Exists(_directory))
            {
                return false;
            }

            FileSystemWatcher? watcher = null;
            try
            {
                watcher = new FileSystemWatcher(_directory)
                {
                    NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
                };
                watcher.Changed += (_, _) => Touch();
                watcher.Created += (_, _) => Touch();
                watcher.Deleted += (_, _) => Touch();
                watcher.Renamed += (_, _) => Touch();
                watcher.Error += (_, _) => Touch();
                watcher.EnableRaisingEvents = true;
                _watcher = watcher;
                return true;
            }
            catch (IOException)
            {
                // No inotify instance to be had now (fs.inotify.max_user_instances), or the directory has just gone: tried again.
                watcher?.Dispose();
                return false;
            }
        }
    }
}

using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Manifests;

/// <summary>
/// Resources of a folder of manifests (<c>*.yaml</c>, <c>*.yml</c>, <c>*.json</c>), watched: the same as a Kubernetes API, without one. A file is taken
/// as a whole; one that cannot be read is named with line and reason, and what it said last stays. Thread-safe.
/// </summary>
public sealed class ManifestFolderSource : IResourceSource, IDisposable
{
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly ManifestFolder _files;
    private readonly TimeProvider _time;
    private readonly Logger _log;
    private FileSystemWatcher? _watcher;
    private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDirty = true;
    private bool _isUnsettled;
    private bool _isToldUnwatched;
    private bool _isDisposed;
    private long _lookedAt;

    /// <summary>Reads the kinds of <paramref name="types"/> (all that are known when null); starts nothing.</summary>
    public ManifestFolderSource(string folder, IReadOnlyList<ResourceType>? types, TimeProvider time, Logger log)
    {
        (_folder, _time, _log) = (folder, time, log);
        _files = new ManifestFolder(folder, new ManifestReader(types ?? KnownResources.All), log);
    }

    /// <summary>Files that are not as they should be, by path.</summary>
    public IReadOnlyDictionary<string, YamlProblem> Problems
    {
        get
        {
            lock (_gate)
            {
                return _files.Problems;
            }
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
        where T : Resource
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(tell);
        if (!ScopeFilter.TryMake(scope, out ScopeFilter? filter, out string? error))
        {
            throw new ArgumentException(error, nameof(scope));
        }

        ManifestSnapshot? told = null;
        Dictionary<ResourceKey, Resource>? before = null;
        while (true)
        {
            (ManifestSnapshot? now, Task signal, TimeSpan pause) = Look();
            if (now is not null && !ReferenceEquals(now, told))
            {
                told = now;
                Dictionary<ResourceKey, Resource> next = now.Of(type).Where(o => filter.Matches(o.Value)).ToDictionary();
                await TellAsync(before, next, tell);
                before = next;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(signal, Task.Delay(pause, _time, waiting.Token));
            await waiting.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    private static async Task TellAsync<T>(Dictionary<ResourceKey, Resource>? before, Dictionary<ResourceKey, Resource> now, Func<ResourceEvent<T>, ValueTask> tell)
        where T : Resource
    {
        if (before is null)
        {
            await tell(ResourceEvent<T>.ListBegins());
        }

        foreach (ResourceKey gone in (before?.Keys ?? Enumerable.Empty<ResourceKey>()).Where(k => !now.ContainsKey(k)))
        {
            await tell(ResourceEvent<T>.Deleted(gone));
        }

        foreach ((ResourceKey key, Resource resource) in now)
        {
            if (before is null || !ReferenceEquals(before.GetValueOrDefault(key), resource))
            {
                await tell(ResourceEvent<T>.Changed((T)resource));
            }
        }

        if (before is null)
        {
            await tell(ResourceEvent<T>.ListEnds());
        }
    }

    /// <summary>What there is now, what tells of the next change, and how long to wait for it.</summary>
    private (ManifestSnapshot? Snapshot, Task Signal, TimeSpan Pause) Look()
    {
        lock (_gate)
        {
            // Watched or not, one look serves all kinds that come at the same time.
            TimeSpan pause = _isUnsettled ? Settling : LookAnyway;
            if (_isDirty || _time.GetElapsedTime(_lookedAt) >= pause)
            {
                Watch();
                _isDirty = false;
                _lookedAt = _time.GetTimestamp();
                try
                {
                    _isUnsettled = _files.Look();
                }
                catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
                {
                    _log.Error("the folder of manifests cannot be read; what it said before stays", LogField.Of("folder", _folder), LogField.Of("error", unreadable.Message));
                }
            }

            return (_files.Snapshot, _signal.Task, _isUnsettled ? Settling : LookAnyway);
        }
    }

    private void OnChanged()
    {
        TaskCompletionSource told;
        lock (_gate)
        {
            // While a file is being written its events only make the look shorter that is due anyway.
            if (_isUnsettled)
            {
                return;
            }

            _isDirty = true;
            told = _signal;
            _signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        told.TrySetResult();
    }

    /// <summary>Watches the folder while it is there; a watch is lost with its folder, a look is not.</summary>
    private void Watch()
    {
        if (_isDisposed || Directory.Exists(_folder) == (_watcher is not null))
        {
            return;
        }

        _watcher?.Dispose();
        _watcher = null;
        if (!Directory.Exists(_folder))
        {
            return;
        }

        try
        {
            var watcher = new FileSystemWatcher(_folder) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size };
            watcher.Changed += (_, _) => OnChanged();
            watcher.Created += (_, _) => OnChanged();
            watcher.Deleted += (_, _) => OnChanged();
            watcher.Renamed += (_, _) => OnChanged();
            watcher.Error += (_, _) => OnChanged();
            watcher.EnableRaisingEvents = true;
            _watcher = watcher;
        }
        catch (Exception unwatched) when (unwatched is ArgumentException or IOException)
        {
            if (!_isToldUnwatched)
            {
                _isToldUnwatched = true;
                _log.Warn("the folder of manifests cannot be watched, it is looked at every 2 s", LogField.Of("folder", _folder), LogField.Of("error", unwatched.Message));
            }
        }
    }
}

using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Sources;

/// <summary>
/// Pods and namespaces from a folder of manifests, watched. A file that cannot be read keeps what it said last. Thread-safe.
/// </summary>
public sealed class ManifestFolder : IPodSource
{
    private const int LongestFile = 4 * 1024 * 1024;
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(2);
    private readonly string _folder;
    private readonly string? _node;
    private readonly TimeProvider _time;
    private readonly Logger _log;
    private readonly Dictionary<string, (string Text, ManifestContent Content)> _files = new(StringComparer.Ordinal);
    private Dictionary<string, PodRecord> _pods = new(StringComparer.Ordinal);
    private Dictionary<string, NamespaceFacts> _namespaces = new(StringComparer.Ordinal);

    /// <summary>Reads <c>*.yaml</c> and <c>*.yml</c> of one folder; pods that name another node are left out.</summary>
    public ManifestFolder(string folder, string? node, TimeProvider time, Logger log) => (_folder, _node, _time, _log) = (folder, node, time, log);

    /// <inheritdoc/>
    public async Task RunAsync(Func<PodEvent, ValueTask> tell, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tell);
        using var changed = new SemaphoreSlim(0);
        using FileSystemWatcher? watcher = Watch(changed);
        bool isSynced = false;
        while (!cancellation.IsCancellationRequested)
        {
            foreach (PodEvent change in Refresh())
            {
                await tell(change);
            }

            if (!isSynced && Directory.Exists(_folder))
            {
                isSynced = true;
                await tell(new PodEvent.Synced([.. _pods.Keys]));
            }

            // Events only hasten a look: a watch may be lost with its folder, a look is not.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using ITimer timer = _time.CreateTimer(_ => changed.Release(), null, LookAnyway, Timeout.InfiniteTimeSpan);
            await changed.WaitAsync(cancellation);
            while (changed.Wait(0, CancellationToken.None))
            {
                // One look serves all that came together.
            }
        }
    }

    /// <inheritdoc/>
    public Task<PodEvent.LookedUp> LookUpAsync(PodCommand.LookUp question, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(question);
        Dictionary<string, PodRecord> pods = _pods;
        PodRecord? pod = question.Uid.Length > 0
            ? pods.GetValueOrDefault(question.Uid)
            : pods.Values.FirstOrDefault(p => p.Facts.Name == question.Name && p.Facts.Namespace == question.Namespace);
        string? error = pod is null ? $"pod {question.Namespace}/{question.Name} is in no manifest of {_folder}" : null;
        return Task.FromResult(new PodEvent.LookedUp(question.Request, pod, _namespaces.GetValueOrDefault(question.Namespace), error));
    }

    /// <summary>Looks at the folder; what has changed since the last look.</summary>
    internal IReadOnlyList<PodEvent> Refresh()
    {
        ReadFiles();
        var pods = new Dictionary<string, PodRecord>(StringComparer.Ordinal);
        var namespaces = new Dictionary<string, NamespaceFacts>(StringComparer.Ordinal);
        foreach ((string _, ManifestContent content) in _files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value))
        {
            foreach (NamespaceFacts ns in content.Namespaces)
            {
                namespaces[ns.Name] = ns;
            }

            foreach (PodRecord pod in content.Pods)
            {
                pods[pod.Uid] = pod;
            }
        }

        // A namespace that nobody describes has no labels: in a folder, what is not there does not exist.
        foreach (string name in pods.Values.Select(p => p.Facts.Namespace).Where(n => !namespaces.ContainsKey(n)).ToArray())
        {
            namespaces[name] = new NamespaceFacts(name, new Dictionary<string, string>(0));
        }

        List<PodEvent> changes = [];
        changes.AddRange(namespaces.Values.Where(n => !_namespaces.TryGetValue(n.Name, out NamespaceFacts? old) || !Same(n.Labels, old.Labels)).Select(n => new PodEvent.NamespaceChanged(n)));
        changes.AddRange(_pods.Keys.Where(u => !pods.ContainsKey(u)).Select(u => new PodEvent.PodDeleted(u)));
        changes.AddRange(pods.Values.Where(p => !_pods.TryGetValue(p.Uid, out PodRecord? old) || !ReferenceEquals(old, p)).Select(p => new PodEvent.PodChanged(p)));
        changes.AddRange(_namespaces.Keys.Where(n => !namespaces.ContainsKey(n)).Select(n => new PodEvent.NamespaceDeleted(n)));
        (_pods, _namespaces) = (pods, namespaces);
        return changes;
    }

    private static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(p => b.TryGetValue(p.Key, out string? value) && value == p.Value);

    private void ReadFiles()
    {
        if (!Directory.Exists(_folder))
        {
            // The whole folder is gone or not there yet: the last good state stays.
            return;
        }

        string[] found = [.. Directory.EnumerateFiles(_folder).Where(f => f.EndsWith(".yaml", StringComparison.Ordinal) || f.EndsWith(".yml", StringComparison.Ordinal))];
        foreach (string gone in _files.Keys.Except(found).ToArray())
        {
            _files.Remove(gone);
        }

        foreach (string file in found)
        {
            try
            {
                if (new FileInfo(file).Length > LongestFile)
                {
                    _log.Error("manifest is too large and was left out", LogField.Of("file", file), LogField.Of("limit", LongestFile));
                    continue;
                }

                string text = File.ReadAllText(file);
                if (_files.TryGetValue(file, out (string Text, ManifestContent Content) before) && before.Text == text)
                {
                    continue;
                }

                bool isRead = ManifestReader.TryRead(text, _node, out ManifestContent content, out string? error);
                if (!isRead)
                {
                    _log.Error("manifest cannot be read; what it said before stays", LogField.Of("file", file), LogField.Of("error", error));
                }

                _files[file] = (text, isRead ? content : before.Content ?? new ManifestContent([], []));
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                _log.Error("manifest cannot be read; what it said before stays", LogField.Of("file", file), LogField.Of("error", unreadable.Message));
            }
        }
    }

    private FileSystemWatcher? Watch(SemaphoreSlim changed)
    {
        try
        {
            var watcher = new FileSystemWatcher(_folder) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite };
            watcher.Changed += (_, _) => changed.Release();
            watcher.Created += (_, _) => changed.Release();
            watcher.Deleted += (_, _) => changed.Release();
            watcher.Renamed += (_, _) => changed.Release();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception unwatched) when (unwatched is ArgumentException or IOException)
        {
            _log.Warn("folder of manifests cannot be watched, it is looked at every 2 s", LogField.Of("folder", _folder), LogField.Of("error", unwatched.Message));
            return null;
        }
    }
}

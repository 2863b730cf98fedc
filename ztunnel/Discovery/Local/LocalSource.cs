using Ambient.Identity.Trust;
using Ambient.Mesh.Views;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>
/// Keeps the mesh's state equal to a local file. A changed file is applied as a difference; a broken one changes nothing.
/// Thread-safe.
/// </summary>
public sealed class LocalSource : IDisposable
{
    /// <summary>How long the file must have been quiet before it is read again.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);

    /// <summary>The largest file that is read.</summary>
    public const long MaxBytes = 512L * 1024 * 1024;

    private const int LargeMesh = 10_000;
    private readonly Lock _gate = new();
    private readonly MeshState _state;
    private readonly string? _path;
    private readonly string? _text;
    private readonly LocalSourceEvents _events;
    private FileWatch? _watch;
    private (DateTime Written, long Length) _stamp;
    private LocalContent _current = LocalContent.Empty;

    private LocalSource(MeshState state, string? path, string? text, LocalSourceEvents events)
    {
        _state = state;
        _path = path;
        _text = text;
        _events = events;
    }

    /// <summary>Applies a file and begins to watch it.</summary>
    /// <exception cref="LocalFileException">The file cannot be used; at start that is for the operator to put right.</exception>
    public static LocalSource Open(string path, MeshState state, LocalSourceEvents events, TimeProvider clock)
    {
        var source = new LocalSource(state, path, null, events);
        source.HasChanged();
        if (source.Apply(Read(path, allowsEmpty: true)).Workloads.Count > LargeMesh)
        {
            // Reading left several times the memory of what is kept. Nothing is served yet, so a pause costs nothing now.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        source._watch = new FileWatch(path, Quiet, source.Reload, clock);
        return source;
    }

    /// <summary>Applies YAML text once.</summary>
    /// <exception cref="LocalFileException">The text cannot be used.</exception>
    public static LocalSource FromText(string yaml, MeshState state, LocalSourceEvents events)
    {
        var source = new LocalSource(state, null, yaml, events);
        source.Apply(LocalMesh.Parse(yaml));
        return source;
    }

    /// <summary>Reads the file again now.</summary>
    public void Reload()
    {
        if (_path is null || !HasChanged())
        {
            return;
        }

        try
        {
            _events.OnApplied(_path, Apply(Read(_path, allowsEmpty: false)));
        }
        catch (LocalFileException broken)
        {
            _events.OnBroken(_path, broken.Message);
        }
    }

    /// <summary>The content as it can be read now, for config_dump; null when it is broken. It isn't kept, for it may be large.</summary>
    public LocalMesh? Describe()
    {
        try
        {
            return _path is null ? LocalMesh.Parse(_text!) : Read(_path, allowsEmpty: true);
        }
        catch (LocalFileException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _watch?.Dispose();

    /// <summary>The folder is watched, and its other files (logs, say) must not make us parse ours again.</summary>
    private bool HasChanged()
    {
        (DateTime, long) stamp = Stamp(_path!);
        lock (_gate)
        {
            bool changed = stamp != _stamp;
            _stamp = stamp;
            return changed;
        }
    }

    /// <summary>Of the file itself: a mounted ConfigMap is a link whose own dates never change.</summary>
    private static (DateTime Written, long Length) Stamp(string path)
    {
        try
        {
            var file = new FileInfo(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        }
        catch (IOException)
        {
            return default;
        }
    }

    private static LocalMesh Read(string path, bool allowsEmpty)
    {
        try
        {
            using StreamReader file = new(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Options = FileOptions.SequentialScan });
            if (file.BaseStream.Length > MaxBytes)
            {
                throw new LocalFileException($"the file has {file.BaseStream.Length} bytes, allowed are {MaxBytes}");
            }

            if (file.Peek() < 0 && !allowsEmpty)
            {
                // A writer that truncates before it writes must not empty the mesh; who means it writes {}.
                throw new LocalFileException("the file is empty; write {} to remove everything");
            }

            return LocalMesh.Parse(file);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException($"the file cannot be read: {cause.Message}");
        }
    }

    private MeshBatch Apply(LocalMesh mesh)
    {
        lock (_gate)
        {
            var content = new LocalContent(mesh);
            MeshBatch batch = _current.DifferenceTo(mesh, content, _state.Current);
            _state.Apply(batch);
            _current = content;
            return batch;
        }
    }
}

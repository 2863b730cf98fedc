namespace Ambient.Kubernetes.Watching;

/// <summary>What watching a kind has come to, for metrics and tests. Thread-safe.</summary>
public sealed class WatchCounters
{
    private long _lists;
    private long _watches;
    private long _events;
    private long _bookmarks;
    private long _gone;
    private long _failures;
    private long _refused;
    private volatile string? _trouble;

    /// <summary>Lists that were complete.</summary>
    public long Lists => Interlocked.Read(ref _lists);

    /// <summary>Watches that were opened.</summary>
    public long Watches => Interlocked.Read(ref _watches);

    /// <summary>Changes that came by watches.</summary>
    public long Events => Interlocked.Read(ref _events);

    /// <summary>Bookmarks that came.</summary>
    public long Bookmarks => Interlocked.Read(ref _bookmarks);

    /// <summary>Versions that were too old.</summary>
    public long Gone => Interlocked.Read(ref _gone);

    /// <summary>Requests and watches that failed.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Objects that could not be read.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>What keeps it from being up to date; null when nothing does.</summary>
    public string? Trouble => _trouble;

    internal void Listed() => Interlocked.Increment(ref _lists);

    internal void Opened() => Interlocked.Increment(ref _watches);

    internal void Heard() => Interlocked.Increment(ref _events);

    internal void Marked() => Interlocked.Increment(ref _bookmarks);

    internal void Aged() => Interlocked.Increment(ref _gone);

    internal void Rejected() => Interlocked.Increment(ref _refused);

    internal void Failed(string why)
    {
        Interlocked.Increment(ref _failures);
        _trouble = why;
    }

    internal void Recovered() => _trouble = null;
}

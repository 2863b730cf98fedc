using Ambient.EventLoop;

namespace Ambient.Waypoint.Names;

/// <summary>
/// A name, what it led to last, and who waits to hear it for the first time. Thread-safe; as a timer it belongs to the loop of the names.
/// </summary>
internal sealed class ResolvedName : LoopTimer
{
    // They hold requests, which are bounded themselves; this is for what nobody thought of.
    private const int MaxWaiting = 8192;

    private readonly NameTable _table;
    private readonly Lock _gate = new();
    private List<(EventLoop.EventLoop Loop, Action<object?> Resume, object? State)>? _waiting;
    private volatile NameAnswer? _answer;
    private volatile bool _isDropped;
    private int _lastUsed;

    public ResolvedName(NameTable table, string name, bool isOnDemand)
    {
        (_table, Name, IsOnDemand) = (table, name, isOnDemand);
        Touch();
    }

    /// <summary>The name in lower case; with a final dot: not to be looked for in the search list.</summary>
    public string Name { get; }

    /// <summary>Whether it is asked for again only while it is used.</summary>
    public bool IsOnDemand { get; }

    /// <summary>What it leads to; null before anybody has said anything.</summary>
    public NameAnswer? Answer => _answer;

    /// <summary>Whether nobody looks after it any more: whoever needs it asks for it again.</summary>
    public bool IsDropped => _isDropped;

    /// <summary>When it was used last, in epochs of the table.</summary>
    public int LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>Lookups without an answer since the last one that had any. Of the loop of the names.</summary>
    public int Failures { get; set; }

    /// <summary>Whether an answer is being waited for, or the turn to ask. Of the loop of the names.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Its place among those that wait for their turn; null: it does not. Of the loop of the names.</summary>
    public LinkedListNode<ResolvedName>? Turn { get; set; }

    /// <summary>Somebody uses it.</summary>
    public void Touch() => Volatile.Write(ref _lastUsed, _table.Epoch);

    /// <summary>Waits for the first answer; false when it is there already, or too many wait, and nobody will be told.</summary>
    /// <param name="loop">Where whoever waits is told.</param>
    /// <param name="resume">How.</param>
    /// <param name="state">For that.</param>
    public bool TryAwait(EventLoop.EventLoop loop, Action<object?> resume, object? state)
    {
        lock (_gate)
        {
            if (_answer is not null || _isDropped || (_waiting?.Count ?? 0) >= MaxWaiting)
            {
                return false;
            }

            (_waiting ??= []).Add((loop, resume, state));
            return true;
        }
    }

    /// <summary>Sets what it leads to and tells those who wait.</summary>
    public void Set(NameAnswer answer)
    {
        List<(EventLoop.EventLoop Loop, Action<object?> Resume, object? State)>? waiting;
        lock (_gate)
        {
            _answer = answer;
            (waiting, _waiting) = (_waiting, null);
        }

        foreach ((EventLoop.EventLoop loop, Action<object?> resume, object? state) in waiting ?? [])
        {
            loop.Post(resume, state);
        }
    }

    /// <summary>Nobody looks after it from now on; those who wait get nothing.</summary>
    public void Drop()
    {
        _isDropped = true;
        if (_answer is null)
        {
            Set(NameAnswer.Nothing("nobody asks for it any more"));
        }
    }

    /// <summary>Asks for the first time. On the loop of the names.</summary>
    public void Begin() => _table.Ask(this);

    /// <summary>Does not ask again. On the loop of the names.</summary>
    public void Stop() => _table.Cancel(this);

    /// <inheritdoc/>
    protected override void OnTimer() => _table.Ask(this);
}

namespace Ambient.EventLoop;

/// <summary>
/// What other threads have for the loop: two lists swapped under a lock that is held for one operation. Thread-safe on the
/// putting side; the rest belongs to the loop.
/// </summary>
internal sealed class Mailbox
{
    private readonly Lock _lock = new();
    private List<Letter> _incoming = new(16);
    private List<Letter> _processing = new(16);
    private volatile int _count;
    private int _asleep;

    /// <summary>Puts a letter in; whether the loop must be woken (the caller is then the only one who does).</summary>
    public bool Put(Action<object?> action, object? state)
    {
        lock (_lock)
        {
            _incoming.Add(new Letter(action, state));
            _count = _incoming.Count;
        }

        // The count must be visible before the flag is read, else both sides could miss each other.
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _asleep) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0;
    }

    /// <summary>Announces sleep; false if there is mail.</summary>
    public bool TrySleep()
    {
        Interlocked.Exchange(ref _asleep, 1);
        if (_count == 0)
        {
            return true;
        }

        Awake();
        return false;
    }

    /// <summary>Takes the announcement back.</summary>
    public void Awake() => Volatile.Write(ref _asleep, 0);

    /// <summary>All letters so far, in order, or null; valid until the next call. The caller clears the list.</summary>
    public List<Letter>? Take()
    {
        if (_count == 0)
        {
            return null;
        }

        lock (_lock)
        {
            (_incoming, _processing) = (_processing, _incoming);
            _count = 0;
        }

        return _processing;
    }

    /// <summary>An action and its argument.</summary>
    internal readonly record struct Letter(Action<object?> Action, object? State);
}

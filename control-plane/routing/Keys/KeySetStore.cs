using System.Threading.Channels;
using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>
/// The key sets that RequestAuthentications name: fetched by the control plane, so that waypoints need no way out, one fetch serves them all, and there is one place that
/// goes to addresses which users write. What was good stays until there is something better; keys that nobody could get are none, and refuse every token. Thread-safe.
/// </summary>
public sealed class KeySetStore(IKeySetFetcher fetcher, KeySetStoreOptions options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<KeySource, KeySetEntry> _entries = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _fetches;
    private long _failures;

    /// <summary>Keys changed: what was compiled with the old ones must be compiled again. Called outside of all locks.</summary>
    public event Action? Changed;

    /// <summary>A fetch failed: the source, why, and whether older keys stay in force.</summary>
    public event Action<KeySource, string, bool>? Failed;

    /// <summary>How many key sets are known or wanted.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>How many fetches succeeded.</summary>
    public long Fetches => Interlocked.Read(ref _fetches);

    /// <summary>How many failed.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Whether everything that is wanted has been tried at least once, or is known from an earlier life.</summary>
    public bool IsSettled
    {
        get
        {
            lock (_lock)
            {
                return _entries.Values.All(static entry => entry.Keys is not null || entry.Failures > 0);
            }
        }
    }

    /// <summary>The good keys of all sources as they are now.</summary>
    public IReadOnlyList<RememberedKeySet> Held
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries.Values.Where(static entry => entry.Keys is not null).Select(static entry => new RememberedKeySet(entry.Source, entry.Keys!, entry.Fetched))];
            }
        }
    }

    /// <summary>How many sources have no keys, or only those from before, since the last try failed.</summary>
    public int Failing
    {
        get
        {
            lock (_lock)
            {
                return _entries.Values.Count(static entry => entry.Error is not null);
            }
        }
    }

    /// <summary>Takes over what an earlier life knew and what is not too old: it is in force until it is fetched again, which is due at once.</summary>
    /// <returns>How many were taken over.</returns>
    public int Remember(IEnumerable<RememberedKeySet> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        int taken = 0;
        lock (_lock)
        {
            DateTimeOffset now = clock.GetUtcNow();
            long moment = clock.GetTimestamp();
            foreach (RememberedKeySet set in sets.Where(set => set.Fetched <= now && now - set.Fetched <= options.Remembered))
            {
                if (_entries.Count < options.Capacity && _entries.TryAdd(set.Source, new KeySetEntry(set.Source) { Keys = set.Keys, IsRemembered = true, Fetched = set.Fetched, Tried = moment, Used = moment }))
                {
                    taken++;
                }
            }
        }

        Wake();
        return taken;
    }

    /// <summary>The last good keys of a source, or why there are none. Asking is what makes it fetch.</summary>
    /// <param name="source">The source.</param>
    /// <param name="asker">The namespace that asks: each has its share; empty: nobody's.</param>
    public KeyAnswer Answer(KeySource source, string asker = "")
    {
        ArgumentNullException.ThrowIfNull(source);
        bool isNew = false;
        KeyAnswer answer;
        lock (_lock)
        {
            long now = clock.GetTimestamp();
            if (!_entries.TryGetValue(source, out KeySetEntry? entry))
            {
                if (NoRoom(asker) is { } full)
                {
                    return new KeyAnswer(null, full);
                }

                entry = new KeySetEntry(source) { Tried = now };
                _entries.Add(source, entry);
                isNew = true;
            }

            entry.Used = now;
            entry.Asker ??= asker;
            answer = new KeyAnswer(entry.Keys, entry.Keys is null ? entry.Error : null);
        }

        if (isNew)
        {
            Wake();
        }

        return answer;
    }

    /// <summary>The last good keys of a source; null when there are none. Asking is what makes it fetch.</summary>
    public string? Find(KeySource source) => Answer(source).Keys;

    /// <summary>Why a source has no (newer) keys; null when it has.</summary>
    public string? ErrorOf(KeySource source)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(source)?.Error;
        }
    }

    /// <summary>Fetches what is due until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        List<Task> running = [];
        try
        {
            while (true)
            {
                running.RemoveAll(static task => task.IsCompleted);
                ForgetAged();
                foreach (KeySetEntry entry in TakeDue(options.Concurrency - running.Count))
                {
                    running.Add(FetchAsync(entry, cancellation));
                }

                await WaitAsync(cancellation);
            }
        }
        finally
        {
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Fetches what is due now, once.</summary>
    internal Task FetchDueAsync(CancellationToken cancellation)
    {
        ForgetAged();
        return Task.WhenAll(TakeDue(options.Concurrency).Select(entry => FetchAsync(entry, cancellation)));
    }

    private string? NoRoom(string asker) =>
        asker.Length > 0 && _entries.Values.Count(entry => entry.Asker == asker) >= options.Share ? $"namespace {asker} names more than {options.Share} issuers, and no further ones are fetched"
        : _entries.Count >= options.Capacity ? $"more than {options.Capacity} issuers are named in the mesh, and no further ones are fetched"
        : null;

    /// <summary>Keys of an earlier life end at their age, also when the issuer stays silent: who kept them may have been told wrong ones.</summary>
    private void ForgetAged()
    {
        bool isAny = false;
        lock (_lock)
        {
            DateTimeOffset now = clock.GetUtcNow();
            foreach (KeySetEntry entry in _entries.Values.Where(entry => entry.IsRemembered && now - entry.Fetched > options.Remembered))
            {
                (entry.Keys, entry.IsRemembered, isAny) = (null, false, true);
                entry.Error ??= "those of an earlier life are too old";
            }
        }

        if (isAny)
        {
            Changed?.Invoke();
        }
    }

    private List<KeySetEntry> TakeDue(int most)
    {
        lock (_lock)
        {
            long now = clock.GetTimestamp();
            foreach (KeySetEntry unused in _entries.Values.Where(entry => !entry.IsBusy && clock.GetElapsedTime(entry.Used, now) > options.Unused).ToArray())
            {
                _entries.Remove(unused.Source);
            }

            List<KeySetEntry> due = [.. _entries.Values.Where(entry => !entry.IsBusy && UntilDue(entry, now) <= TimeSpan.Zero).OrderBy(entry => UntilDue(entry, now)).Take(Math.Max(0, most))];
            due.ForEach(static entry => entry.IsBusy = true);
            return due;
        }
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        TimeSpan? pause = null;
        lock (_lock)
        {
            long now = clock.GetTimestamp();
            TimeSpan[] due = [.. _entries.Values.Where(entry => !entry.IsBusy).Select(entry => UntilDue(entry, now))];
            bool isFull = _entries.Values.Count(entry => entry.IsBusy) >= options.Concurrency;
            if (due.Length > 0 && !isFull)
            {
                TimeSpan until = due.Min();
                pause = until > TimeSpan.Zero ? until : TimeSpan.Zero;
            }
        }

        if (pause == TimeSpan.Zero)
        {
            return;
        }

        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task woken = _wake.Reader.ReadAsync(waiting.Token).AsTask();
        if (pause is { } limit)
        {
            await Task.WhenAny(woken, Task.Delay(limit, clock, waiting.Token));
        }
        else
        {
            await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await waiting.CancelAsync();
        await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    private async Task FetchAsync(KeySetEntry entry, CancellationToken cancellation)
    {
        string? keys = null;
        string error = "";
        try
        {
            keys = await fetcher.FetchAsync(entry.Source, cancellation);
        }
        catch (KeySetException failure)
        {
            error = failure.Message;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            error = "ending";
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            // Whatever a fetcher does, the others are fetched on.
            error = defect.GetType().Name + ": " + defect.Message;
        }

        bool isChanged;
        bool hasOlder;
        lock (_lock)
        {
            hasOlder = entry.Keys is not null;

            // That there are none is news as well, the first time.
            isChanged = keys is not null ? keys != entry.Keys : !hasOlder && entry.Failures == 0;
            entry.Fetched = keys is null ? entry.Fetched : clock.GetUtcNow();
            entry.IsBusy = false;
            entry.Error = keys is null ? error : null;
            entry.Failures = keys is null ? entry.Failures + 1 : 0;
            entry.Keys = keys ?? entry.Keys;
            entry.IsRemembered &= keys is null;
            entry.Tried = clock.GetTimestamp();
            entry.Pause = keys is null ? PauseAfter(entry.Failures, hasOlder) : options.Refresh;
        }

        Interlocked.Increment(ref keys is null ? ref _failures : ref _fetches);
        if (keys is null)
        {
            Failed?.Invoke(entry.Source, error, hasOlder);
        }

        if (isChanged)
        {
            Changed?.Invoke();
        }

        Wake();
    }

    /// <summary>Time that passes, not dates: whoever sets the wall clock neither ages keys nor keeps them from being fetched.</summary>
    private TimeSpan UntilDue(KeySetEntry entry, long now) => entry.Pause - clock.GetElapsedTime(entry.Tried, now);

    private TimeSpan PauseAfter(int failures, bool hasOlder)
    {
        if (!hasOlder && failures < options.FirstTries)
        {
            return options.FirstPause;
        }

        int doublings = Math.Min(hasOlder ? failures - 1 : failures - options.FirstTries, 20);
        TimeSpan pause = options.Pause * Math.Pow(2, doublings);
        return pause < options.LongestPause ? pause : options.LongestPause;
    }

    // One that is awake already needs no second call.
    private void Wake() => _wake.Writer.TryWrite(true);
}

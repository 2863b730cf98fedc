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

    /// <summary>The last good keys of a source; null when there are none. Asking is what makes it fetch.</summary>
    public string? Find(KeySource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        bool isNew = false;
        string? keys;
        lock (_lock)
        {
            DateTimeOffset now = clock.GetUtcNow();
            if (!_entries.TryGetValue(source, out KeySetEntry? entry))
            {
                if (_entries.Count >= options.Capacity)
                {
                    return null;
                }

                entry = new KeySetEntry(source) { Due = now };
                _entries.Add(source, entry);
                isNew = true;
            }

            entry.Used = now;
            keys = entry.Keys;
        }

        if (isNew)
        {
            Wake();
        }

        return keys;
    }

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
    internal Task FetchDueAsync(CancellationToken cancellation) => Task.WhenAll(TakeDue(options.Concurrency).Select(entry => FetchAsync(entry, cancellation)));

    private List<KeySetEntry> TakeDue(int most)
    {
        lock (_lock)
        {
            DateTimeOffset now = clock.GetUtcNow();
            foreach (KeySetEntry unused in _entries.Values.Where(entry => !entry.IsBusy && now - entry.Used > options.Unused).ToArray())
            {
                _entries.Remove(unused.Source);
            }

            List<KeySetEntry> due = [.. _entries.Values.Where(entry => !entry.IsBusy && entry.Due <= now).OrderBy(entry => entry.Due).Take(Math.Max(0, most))];
            due.ForEach(static entry => entry.IsBusy = true);
            return due;
        }
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        TimeSpan? pause = null;
        lock (_lock)
        {
            DateTimeOffset[] due = [.. _entries.Values.Where(entry => !entry.IsBusy).Select(entry => entry.Due)];
            bool isFull = _entries.Values.Count(entry => entry.IsBusy) >= options.Concurrency;
            if (due.Length > 0 && !isFull)
            {
                TimeSpan until = due.Min() - clock.GetUtcNow();
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
            isChanged = keys is not null && keys != entry.Keys;
            hasOlder = entry.Keys is not null;
            entry.IsBusy = false;
            entry.Error = keys is null ? error : null;
            entry.Failures = keys is null ? entry.Failures + 1 : 0;
            entry.Keys = keys ?? entry.Keys;
            entry.Due = clock.GetUtcNow() + (keys is null ? PauseAfter(entry.Failures, hasOlder) : options.Refresh);
        }

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

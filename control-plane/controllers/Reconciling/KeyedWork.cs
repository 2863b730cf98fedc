using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Reconciling;

/// <summary>
/// Keys that are due; each is handled once however often it was named meanwhile, never by two at a time, and again later when that failed. Thread-safe.
/// </summary>
/// <remarks>Nothing is kept while nobody works, for objects come and go all the time and a replica may never lead. So who begins says all that there is.</remarks>
internal sealed class KeyedWork<TKey>(string name, Func<TKey, CancellationToken, Task<string?>> handle, TimeProvider clock, Logger log, int workers = 4)
    where TKey : notnull
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly Queue<TKey> _due = new();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _busy = [];
    private readonly HashSet<TKey> _again = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private bool _isWorking;
    private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many keys are remembered.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count + _busy.Count + _again.Count + _failures.Count;
            }
        }
    }

    /// <summary>A key is due.</summary>
    internal void Add(TKey key)
    {
        lock (_gate)
        {
            if (!_isWorking)
            {
                return;
            }

            if (_busy.Contains(key))
            {
                _again.Add(key);
                return;
            }

            if (_waiting.Add(key))
            {
                _due.Enqueue(key);
                _signal.TrySetResult();
            }
        }
    }

    /// <summary>A key is due after a while, or when the work ends before that.</summary>
    internal void AddAfter(TKey key, TimeSpan pause, CancellationToken cancellation) => _ = LaterAsync(key, pause, cancellation);

    /// <summary>Works until it is cancelled. A failure is said when it is new and then with every tenth try, an exception each time; both are tried again.</summary>
    /// <param name="all">All that is due when the work begins. Asked once keys are taken, so that none falls between.</param>
    /// <param name="cancellation">Ends the work.</param>
    internal async Task RunAsync(Func<IEnumerable<TKey>> all, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _isWorking = true;
        }

        try
        {
            foreach (TKey key in all())
            {
                Add(key);
            }

            await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(cancellation)));
        }
        finally
        {
            Forget();
        }
    }

    /// <summary>Also what a write was cut off for: who does not know whether that was made, looks again at the beginning of the next term, as at all else.</summary>
    private void Forget()
    {
        lock (_gate)
        {
            _isWorking = false;
            _due.Clear();
            _waiting.Clear();
            _again.Clear();
            _failures.Clear();
        }
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!TryTake(out TKey? key, out Task signal))
            {
                await signal.WaitAsync(cancellation);
                continue;
            }

            string? error = "cancelled";
            Exception? fault = null;
            try
            {
                error = await handle(key, cancellation);
            }
            catch (Exception thrown) when (thrown is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                // One key's fault is not the end of the work on all others.
                (error, fault) = (thrown.Message, thrown);
            }
            finally
            {
                End(key, error, fault, cancellation);
            }
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TKey key, out Task signal)
    {
        lock (_gate)
        {
            if (_due.TryDequeue(out key))
            {
                _waiting.Remove(key);
                _busy.Add(key);
                signal = Task.CompletedTask;
                return true;
            }

            if (_signal.Task.IsCompleted)
            {
                _signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            signal = _signal.Task;
            return false;
        }
    }

    private void End(TKey key, string? error, Exception? fault, CancellationToken cancellation)
    {
        int failures = 0;
        bool isAgain;
        lock (_gate)
        {
            _busy.Remove(key);
            isAgain = _again.Remove(key);
            if (error is null)
            {
                _failures.Remove(key);
            }
            else
            {
                failures = _failures[key] = _failures.GetValueOrDefault(key) + 1;
            }
        }

        if (isAgain)
        {
            Add(key);
        }

        if (error is null)
        {
            return;
        }

        if (cancellation.IsCancellationRequested)
        {
            return;
        }

        TimeSpan pause = FirstPause * Math.Pow(2, Math.Min(failures - 1, 20));
        pause = (pause > LongestPause ? LongestPause : pause) * (0.8 + (0.4 * Random.Shared.NextDouble()));
        if (fault is not null)
        {
            log.Error("a fault while it was brought about, tried again", LogField.Of("controller", name), LogField.Of("object", key.ToString() ?? ""), LogField.Of("error", failures % 10 == 1 ? fault.ToString() : error), LogField.Milliseconds("retry_in", (long)pause.TotalMilliseconds));
        }
        else if (failures % 10 == 1)
        {
            log.Warn("could not be brought about, tried again", LogField.Of("controller", name), LogField.Of("object", key.ToString() ?? ""), LogField.Of("error", error), LogField.Milliseconds("retry_in", (long)pause.TotalMilliseconds));
        }

        _ = LaterAsync(key, pause, cancellation);
    }

    private async Task LaterAsync(TKey key, TimeSpan pause, CancellationToken cancellation)
    {
        await Task.Delay(pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Add(key);
    }
}

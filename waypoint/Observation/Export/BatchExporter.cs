using System.Collections.Concurrent;
using Ambient.Telemetry.Logging;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>
/// A bounded queue, and a task of the control world that empties it in batches. Whoever adds never waits and wakes nobody: the task looks by itself. Thread-safe.
/// </summary>
internal sealed class BatchExporter<T> : IAsyncDisposable
    where T : class
{
    private const int MaxQueue = 4096;
    private const int MaxBatch = 512;
    private const int MaxTries = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentQueue<T> _queue = new();
    private readonly Func<IReadOnlyList<T>, CancellationToken, Task<SendResult>> _send;
    private readonly ExportCounters _counters;
    private readonly Logger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _count;
    private bool _isFailing;

    public BatchExporter(Func<IReadOnlyList<T>, CancellationToken, Task<SendResult>> send, ExportCounters counters, Logger log, TimeProvider clock)
    {
        _send = send;
        _counters = counters;
        _log = log;
        _running = RunAsync(clock);
    }

    /// <summary>Takes an item, if there is room.</summary>
    public void Add(T item)
    {
        if (Interlocked.Increment(ref _count) > MaxQueue || _stop.IsCancellationRequested)
        {
            Interlocked.Decrement(ref _count);
            _counters.Dropped.Increment();
            return;
        }

        _queue.Enqueue(item);
    }

    /// <summary>Sends what is queued, for at most two seconds, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(2));
        while (Take() is { Count: > 0 } batch && await _send(batch, limit.Token) == SendResult.Sent)
        {
            _counters.Sent.Add(batch.Count);
        }

        _stop.Dispose();
    }

    private async Task RunAsync(TimeProvider clock)
    {
        try
        {
            using PeriodicTimer timer = new(Interval, clock);
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                while (Take() is { Count: > 0 } batch)
                {
                    await SendAsync(batch, clock);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It ends.
        }
    }

    private async Task SendAsync(List<T> batch, TimeProvider clock)
    {
        for (int attempt = 1; ; attempt++)
        {
            SendResult result = await _send(batch, _stop.Token);
            if (result == SendResult.Sent)
            {
                _counters.Sent.Add(batch.Count);
                Say(isFailing: false);
                return;
            }

            Say(isFailing: true);
            if (result == SendResult.Refused || attempt == MaxTries)
            {
                _counters.Failed.Add(batch.Count);
                return;
            }

            // Others wait in the queue meanwhile, which is what bounds them.
            await Task.Delay(TimeSpan.FromMilliseconds(500 << attempt), clock, _stop.Token);
        }
    }

    private void Say(bool isFailing)
    {
        if (isFailing != _isFailing)
        {
            _isFailing = isFailing;
            if (isFailing)
            {
                _log.Warn("a collector does not take what it is sent", LogField.Of("provider", _counters.Provider));
            }
            else
            {
                _log.Info("a collector takes what it is sent again", LogField.Of("provider", _counters.Provider));
            }
        }
    }

    private List<T> Take()
    {
        List<T> batch = [];
        while (batch.Count < MaxBatch && _queue.TryDequeue(out T? item))
        {
            Interlocked.Decrement(ref _count);
            batch.Add(item);
        }

        return batch;
    }
}

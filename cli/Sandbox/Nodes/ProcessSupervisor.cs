using System.Globalization;
using Ambient.Linux.Proc;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Nodes;

/// <summary>
/// Keeps one program running in its node's namespace: when it ends, for whatever reason, it is started again after a moment that
/// grows while it keeps failing. Thread-safe.
/// </summary>
internal sealed class ProcessSupervisor(ProcessPlan plan) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>A process that ran this long was healthy: its end counts as the first.</summary>
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private volatile TaskCompletionSource _released = Completed();
    private volatile RunningProcess? _process;
    private volatile RunningProcess? _latest;
    private Task? _running;
    private int _starts;

    /// <summary>How often it was started.</summary>
    public int Starts => Volatile.Read(ref _starts);

    /// <summary>The process of the moment; 0 when there is none.</summary>
    public int ProcessId => _process is { HasExited: false } process ? process.Id : 0;

    /// <summary>Everything it and its predecessors have written.</summary>
    public string LogPath => plan.LogPath;

    /// <summary>Starts it for the first time.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>SIGKILL. With <paramref name="hold"/> the next one waits for <see cref="Release"/>.</summary>
    public async Task KillAsync(bool hold)
    {
        if (hold && _released.Task.IsCompleted)
        {
            _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        if (_process is { } process)
        {
            process.Signal(ProcessSignal.Kill);
            await process.Exited;
        }
    }

    /// <summary>Lets the next one start.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>The last lines of the log, for messages.</summary>
    public string LogTail() => _latest?.LogTail() ?? "";

    /// <summary>Ends it for good: SIGTERM, then SIGKILL.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Release();
        if (_running is not null)
        {
            await _running;
        }

        _stop.Dispose();
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task RunAsync()
    {
        TimeSpan pause = FirstPause;
        while (!_stop.IsCancellationRequested)
        {
            await _released.Task;
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            await using RunningProcess process = RunningProcess.Start(plan);
            _process = _latest = process;
            Interlocked.Increment(ref _starts);
            long started = TimeProvider.System.GetTimestamp();
            try
            {
                await process.Exited.WaitAsync(_stop.Token);
                _process = null;
                pause = TimeProvider.System.GetElapsedTime(started) > Healthy ? FirstPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                await File.AppendAllTextAsync(plan.LogPath, string.Create(CultureInfo.InvariantCulture, $"supervisor: ended with {process.ExitCode}, next start in {pause.TotalMilliseconds} ms\n"));
                await Task.Delay(pause, TimeProvider.System, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                await process.StopAsync(TimeSpan.FromSeconds(3));
            }
        }
    }
}

using System.Threading.Channels;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Keys;

/// <summary>
/// Runs the store of key sets: takes over those of an earlier life, has waypoints' configuration compared with it when keys changed, keeps them for a later life, and logs
/// what could not be fetched. Thread-safe.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="memory">Where key sets outlive the process; null: nowhere.</param>
/// <param name="writes">Whether this replica writes there.</param>
/// <param name="check">Has configuration compared with the store.</param>
/// <param name="clock">The time.</param>
/// <param name="log">Where failures go.</param>
internal sealed class KeySetKeeper(KeySetStore store, IKeySetMemory? memory, Func<bool> writes, Action check, TimeProvider clock, Logger log)
{
    // Asking is what keeps keys: well below the time after which the store drops them.
    private static readonly TimeSpan AskInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan KeepInterval = TimeSpan.FromHours(1);

    // Long enough that those of a start are written together.
    private static readonly TimeSpan Collecting = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LoadPatience = TimeSpan.FromSeconds(3);

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Takes over what an earlier life knew. Without an answer the control plane starts as if there were nothing.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        if (memory is null)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(LoadPatience);
        try
        {
            int taken = store.Remember(KeySetRecords.Read(await memory.LoadAsync(limit.Token)));
            log.Debug("keys of an earlier life are in force until they are fetched", LogField.Of("sets", taken));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException || (unreadable is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            log.Warn("keys of an earlier life cannot be read; tokens are refused until the keys are fetched", LogField.Of("error", unreadable.Message));
        }
    }

    /// <summary>Works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        store.Changed += OnChanged;
        store.Failed += Report;
        try
        {
            await await Task.WhenAny(store.RunAsync(cancellation), AskAsync(cancellation), KeepAsync(cancellation));
        }
        finally
        {
            store.Changed -= OnChanged;
            store.Failed -= Report;
        }
    }

    private void OnChanged()
    {
        check();
        _changed.Writer.TryWrite(true);
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(AskInterval, clock, cancellation);
            check();
        }
    }

    /// <summary>Writes after changes, and now and then also without any: how old keys are counts at the next start.</summary>
    private async Task KeepAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using (var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
            {
                await Task.WhenAny(_changed.Reader.ReadAsync(waiting.Token).AsTask(), Task.Delay(KeepInterval, clock, waiting.Token));
                await waiting.CancelAsync();
            }

            cancellation.ThrowIfCancellationRequested();
            await Task.Delay(Collecting, clock, cancellation);
            IReadOnlyList<RememberedKeySet> held = store.Held;
            if (memory is null || held.Count == 0 || !writes())
            {
                continue;
            }

            try
            {
                await memory.SaveAsync(KeySetRecords.Write(held), cancellation);
            }
            catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
            {
                log.Warn("keys cannot be kept for the next start", LogField.Of("error", unwritable.Message));
            }
        }
    }

    private void Report(KeySource source, string error, bool hasOlder) => log.Warn(
        "keys could not be fetched",
        LogField.Of("issuer", source.Issuer),
        LogField.Of("error", error),
        LogField.Of("instead", hasOlder ? "those from before stay in force" : "every token of this issuer is refused"));
}

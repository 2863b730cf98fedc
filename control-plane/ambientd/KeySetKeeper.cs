using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane;

/// <summary>Runs the store of key sets: has waypoints' configuration compared with it when keys changed, and logs what could not be fetched. Thread-safe.</summary>
internal sealed class KeySetKeeper(KeySetStore store, Action check, TimeProvider clock, Logger log)
{
    // Asking is what keeps keys: well below the time after which the store drops them.
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        store.Changed += check;
        store.Failed += Report;
        try
        {
            await await Task.WhenAny(store.RunAsync(cancellation), AskAsync(cancellation));
        }
        finally
        {
            store.Changed -= check;
            store.Failed -= Report;
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Interval, clock, cancellation);
            check();
        }
    }

    private void Report(KeySource source, string error, bool hasOlder) => log.Warn(
        "keys could not be fetched",
        LogField.Of("issuer", source.Issuer),
        LogField.Of("error", error),
        LogField.Of("instead", hasOlder ? "those from before stay in force" : "every token of this issuer is refused"));
}

using Ambient.Telemetry.Logging;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Settings;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Draining;

/// <summary>
/// The way out: first the world is told (not ready) while everything goes on, so that nobody is sent away from an address that others still hand out; then no new connection,
/// GOAWAY and <c>connection: close</c> on those that are open; over in the moment in which the last one is gone, or when the time is up. Thread-safe.
/// </summary>
internal sealed class DrainControl(IReadOnlyList<WaypointLoop> loops, Action closePorts, DestinationTable destinations, WaypointOptions options, Logger log, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private IReadOnlyList<TunnelListener>? _listeners;
    private Task? _drained;

    /// <summary>Whether it has begun.</summary>
    public bool HasBegun => Volatile.Read(ref _drained) is not null;

    /// <summary>From now on there is something to drain: the listeners of the loops.</summary>
    public void Use(IReadOnlyList<TunnelListener> listeners)
    {
        lock (_gate)
        {
            _listeners = listeners;
        }
    }

    /// <summary>Begins, or tells of what has begun; false before anybody is served.</summary>
    /// <param name="drained">Ends with the last connection.</param>
    public bool TryBegin(out Task drained)
    {
        lock (_gate)
        {
            drained = _listeners is { } listeners ? _drained ??= DrainAsync(listeners) : Task.CompletedTask;
            return _listeners is not null;
        }
    }

    private async Task DrainAsync(IReadOnlyList<TunnelListener> listeners)
    {
        TimeSpan notice = options.DrainNotice < options.DrainTime ? options.DrainNotice : options.DrainTime;
        log.Info("draining", LogField.Milliseconds("notice", (long)notice.TotalMilliseconds), LogField.Milliseconds("limit", (long)options.DrainTime.TotalMilliseconds));
        if (notice > TimeSpan.Zero)
        {
            await Task.Delay(notice, clock);
        }

        closePorts();
        Task[] emptied = new Task[loops.Count];
        for (int i = 0; i < emptied.Length; i++)
        {
            TaskCompletionSource empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
            WaypointLoop loop = loops[i];
            TunnelListener[] own = [.. listeners.Where(listener => listener.On == loop)];
            emptied[i] = empty.Task;
            loop.Loop.Post(_ => { Array.ForEach(own, static listener => listener.Close()); loop.Drain(empty.SetResult); }, null);
        }

        Task all = Task.WhenAll(emptied);
        if (await Task.WhenAny(all, Task.Delay(options.DrainTime - notice, clock)) == all)
        {
            log.Info("drained: no connection is left", LogField.Of("requests", destinations.Used.Sum(static state => state.Active)));
        }
        else
        {
            log.Warn("the time to drain is up; what is still open is cut off", LogField.Of("requests", destinations.Used.Sum(static state => state.Active)));
        }
    }
}

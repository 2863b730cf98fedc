using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>
/// Waypoints that served a service until a moment ago. They serve it on for so long, by configuration and policies that are kept up to date as before: their callers are ztunnels
/// that have not heard yet. Not thread-safe.
/// </summary>
/// <param name="clock">Measures that.</param>
internal sealed class FormerWaypoints(TimeProvider clock)
{
    /// <summary>How long they serve on.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Dictionary<ResourceKey, long>> _until = new(StringComparer.Ordinal);

    // Everything takes the same time, so what began first ends first.
    private readonly Queue<(long Until, string Service)> _ends = [];

    /// <summary>Measures the time.</summary>
    public TimeProvider Clock => clock;

    /// <summary>When the next one ends, from now; null: there is none.</summary>
    public TimeSpan? Next => _ends.TryPeek(out (long Until, string Service) first) ? Left(first.Until - clock.GetTimestamp()) : null;

    /// <summary>The waypoints of a service are others now; those that it has left.</summary>
    public IReadOnlyList<ResourceKey> Change(string service, IReadOnlyList<ResourceKey> before, IReadOnlyList<ResourceKey> now)
    {
        long time = clock.GetTimestamp();
        _until.TryGetValue(service, out Dictionary<ResourceKey, long>? left);
        foreach (ResourceKey gone in before.Except(now))
        {
            long until = time + (long)(Grace.TotalSeconds * clock.TimestampFrequency);
            (left ??= [])[gone] = until;
            _ends.Enqueue((until, service));
        }

        foreach (ResourceKey other in left?.Where(pair => pair.Value <= time || now.Contains(pair.Key)).Select(static pair => pair.Key).ToArray() ?? [])
        {
            left!.Remove(other);
        }

        if (left is not { Count: > 0 })
        {
            _until.Remove(service);
            return [];
        }

        _until[service] = left;
        return [.. left.Keys.OrderBy(static key => key.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>A service is gone; nobody serves it on.</summary>
    public void Forget(string service) => _until.Remove(service);

    /// <summary>A service for which the time of a waypoint is over; null: there is none. Each is said once.</summary>
    public string? TakeEnded() => _ends.TryPeek(out (long Until, string Service) first) && first.Until <= clock.GetTimestamp() ? _ends.Dequeue().Service : null;

    // Timers count whole milliseconds.
    private TimeSpan Left(long ticks) => TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(ticks * 1000.0 / clock.TimestampFrequency)));
}

using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Balancing;

/// <summary>What is known of one endpoint of one destination: its load and its failures (waypoint reference 2.3.3). Thread-safe.</summary>
internal sealed class EndpointState
{
    private int _active;
    private int _consecutive;
    private int _consecutiveGateway;
    private int _consecutiveLocal;
    private int _ejections;
    private long _ejectedUntil;
    private long _firstSeen = -1;

    /// <summary>Requests that it works on.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>How often it was taken out of service, less what was forgiven.</summary>
    public int Ejections => Volatile.Read(ref _ejections);

    /// <summary>Failures since its last success.</summary>
    public int ConsecutiveFailures => Volatile.Read(ref _consecutive);

    /// <summary>How long it is still out of service, milliseconds; 0 when it is not.</summary>
    public long EjectedFor(long now) => Math.Max(0, Volatile.Read(ref _ejectedUntil) - now);

    /// <summary>Whether it is out of service for now.</summary>
    public bool IsEjected(long now) => Volatile.Read(ref _ejectedUntil) > now;

    /// <summary>A request goes there.</summary>
    public void Begin() => Interlocked.Increment(ref _active);

    /// <summary>A request is over.</summary>
    public void End() => Interlocked.Decrement(ref _active);

    /// <summary>Milliseconds since it was first looked at.</summary>
    public long Age(long now)
    {
        long first = Interlocked.CompareExchange(ref _firstSeen, now, -1);
        return first < 0 ? 0 : now - first;
    }

    /// <summary>Counts an outcome; whether the endpoint should be ejected.</summary>
    /// <param name="status">The status, or one that stands for the failure.</param>
    /// <param name="isLocal">Whether there was no answer: connections that failed or ended, timeouts.</param>
    /// <param name="settings">What counts.</param>
    public bool Count(int status, bool isLocal, OutlierDetection settings)
    {
        if (settings.SplitLocal)
        {
            int local = Next(ref _consecutiveLocal, isLocal);
            if (isLocal)
            {
                return settings.ConsecutiveLocal > 0 && local >= settings.ConsecutiveLocal;
            }
        }

        bool isFailure = isLocal || (settings.Codes.Count > 0 ? settings.Codes.Contains((uint)status) : status >= 500);
        int failures = Next(ref _consecutive, isFailure);
        int gateway = Next(ref _consecutiveGateway, isLocal || status is 502 or 503 or 504);
        return (settings.Consecutive5Xx > 0 && failures >= settings.Consecutive5Xx) || (settings.ConsecutiveGatewayErrors > 0 && gateway >= settings.ConsecutiveGatewayErrors);
    }

    /// <summary>Takes it out of service, each time for longer; at most five minutes or the base time.</summary>
    public void Eject(long now, OutlierDetection settings)
    {
        // Each interval in service since the last time takes one back.
        long healthy = Math.Max(0, now - Volatile.Read(ref _ejectedUntil));
        int forgiven = (int)Math.Min(int.MaxValue, healthy / Math.Max(1, (long)settings.IntervalMs));
        int ejections = Math.Max(0, Volatile.Read(ref _ejections) - forgiven) + 1;
        Volatile.Write(ref _ejections, ejections);
        long most = Math.Max(300_000, (long)settings.BaseEjectionMs);
        long time = Math.Min(most, (long)settings.BaseEjectionMs * ejections);
        Volatile.Write(ref _consecutive, 0);
        Volatile.Write(ref _consecutiveGateway, 0);
        Volatile.Write(ref _consecutiveLocal, 0);
        Volatile.Write(ref _ejectedUntil, now + time);
    }

    private static int Next(ref int series, bool isFailure)
    {
        if (isFailure)
        {
            return Interlocked.Increment(ref series);
        }

        Volatile.Write(ref series, 0);
        return 0;
    }
}

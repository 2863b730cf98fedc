using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Balancing;

/// <summary>What is known of one endpoint of one destination: its load and its failures (waypoint reference 2.3.3). Thread-safe.</summary>
internal sealed class EndpointState
{
    private int _active;
    private int _consecutive;
    private int _consecutiveGateway;
    private int _ejections;
    private long _ejectedUntil;

    /// <summary>Requests that it works on.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Whether it is out of service for now.</summary>
    public bool IsEjected(long now) => Volatile.Read(ref _ejectedUntil) > now;

    /// <summary>A request goes there.</summary>
    public void Begin() => Interlocked.Increment(ref _active);

    /// <summary>A request is over.</summary>
    public void End() => Interlocked.Decrement(ref _active);

    /// <summary>Counts an outcome; whether the endpoint should be ejected.</summary>
    public bool Count(int status, OutlierDetection settings)
    {
        bool isFailure = settings.Codes.Count > 0 ? settings.Codes.Contains((uint)status) : status >= 500;
        bool isGateway = status is 502 or 503 or 504;
        int failures = isFailure ? Interlocked.Increment(ref _consecutive) : Interlocked.Exchange(ref _consecutive, 0) * 0;
        int gateway = isGateway ? Interlocked.Increment(ref _consecutiveGateway) : Interlocked.Exchange(ref _consecutiveGateway, 0) * 0;
        return (settings.Consecutive5Xx > 0 && failures >= settings.Consecutive5Xx) || (settings.ConsecutiveGatewayErrors > 0 && gateway >= settings.ConsecutiveGatewayErrors);
    }

    /// <summary>Takes it out of service, each time for longer; at most five minutes or the base time.</summary>
    public void Eject(long now, OutlierDetection settings)
    {
        long most = Math.Max(300_000, (long)settings.BaseEjectionMs);
        long time = Math.Min(most, (long)settings.BaseEjectionMs * Interlocked.Increment(ref _ejections));
        Volatile.Write(ref _consecutive, 0);
        Volatile.Write(ref _consecutiveGateway, 0);
        Volatile.Write(ref _ejectedUntil, now + time);
    }
}

using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Http;

/// <summary>What bounds the connections to a destination (waypoint reference 2.3.2); 0 is no bound. Immutable.</summary>
/// <param name="Connections">To all endpoints together; each loop may have one to each endpoint in any case.</param>
/// <param name="Pending">Requests that wait for a connection.</param>
/// <param name="Requests">Requests of one connection.</param>
/// <param name="ConnectMilliseconds">How long connecting may take; 0 is the usual time.</param>
/// <param name="IdleMilliseconds">How long a connection is kept without a request; 0 is the usual time.</param>
/// <param name="LifeMilliseconds">How long a connection is used.</param>
internal readonly record struct PoolLimits(uint Connections, uint Pending, int Requests, long ConnectMilliseconds, long IdleMilliseconds, long LifeMilliseconds)
{
    /// <summary>What a policy says.</summary>
    public static PoolLimits Of(TrafficPolicy policy) => policy.Pool is not { } pool ? default : new PoolLimits(
        pool.MaxConnections,
        pool.MaxPending,
        (int)Math.Min(pool.MaxRequestsPerConnection, int.MaxValue),
        (long)pool.ConnectTimeoutMs,
        (long)(pool.HttpIdleMs > 0 ? pool.HttpIdleMs : pool.TcpIdleMs),
        (long)pool.MaxConnectionMs);
}

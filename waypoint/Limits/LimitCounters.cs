using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Limits;

/// <summary>What is counted of one policy. Thread-safe.</summary>
internal sealed class LimitCounters(string policy, MetricSeries allowed, MetricSeries limited, MetricSeries wouldLimit, Logger? log)
{
    private const long LogPause = 10 * LimitRate.PerSecond;

    private long _nextLog;
    private long _unlogged;

    /// <summary>Requests that had a token of each rule that counts them.</summary>
    public MetricSeries Allowed { get; } = allowed;

    /// <summary>Requests that were refused.</summary>
    public MetricSeries Limited { get; } = limited;

    /// <summary>A policy on trial would have refused a request: it is counted, and logged, with those before it, every ten seconds at most.</summary>
    public void NoteTrial(long now)
    {
        wouldLimit.Increment();
        Interlocked.Increment(ref _unlogged);
        long next = Volatile.Read(ref _nextLog);
        if (now >= next && Interlocked.CompareExchange(ref _nextLog, now + LogPause, next) == next)
        {
            log?.Info("a local rate limit on trial would have refused requests", LogField.Of("policy", policy), LogField.Of("requests", Interlocked.Exchange(ref _unlogged, 0)));
        }
    }
}

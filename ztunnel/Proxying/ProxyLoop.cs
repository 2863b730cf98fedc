using Ambient.Telemetry.AccessLogs;
using Ambient.Ztunnel.Observation;

namespace Ambient.Ztunnel.Proxying;

/// <summary>An event loop with its counters. Loop-affine.</summary>
internal sealed class ProxyLoop
{
    public ProxyLoop(EventLoop.EventLoop loop, TrafficMetrics metrics, AccessLogWriter accessLog)
    {
        Loop = loop;
        Traffic = new LoopTraffic(metrics, accessLog, () => loop.NowMilliseconds);
    }

    public EventLoop.EventLoop Loop { get; }

    public LoopTraffic Traffic { get; }

    /// <summary>The dice of every choice.</summary>
    public Random Random { get; } = Random.Shared;
}

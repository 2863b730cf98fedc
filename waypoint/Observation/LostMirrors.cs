using Ambient.Mesh.Services;
using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation;

/// <summary>Counts copies of requests that were lost: nobody waits for their answers, so nothing else would tell. Routes decide how many services there are. Thread-safe.</summary>
internal sealed class LostMirrors(MetricRegistry registry)
{
    private readonly MetricFamily _lost = registry.AddCounter("ambient_waypoint_mirrors_lost", "Copies of requests that were not delivered, by reason.", "service", "reason");

    /// <summary>One was lost.</summary>
    public void Count(NamespacedHostname service, MirrorLoss why) => _lost.With(service.ToString(), Reason(why)).Increment();

    private static string Reason(MirrorLoss why) => why switch
    {
        MirrorLoss.NoEndpoint => "no_endpoint",
        MirrorLoss.BrokenTls => "broken_tls",
        MirrorLoss.ProxyProtocol => "proxy_protocol",
        MirrorLoss.Overflow => "overflow",
        MirrorLoss.TooSlow => "too_slow",
        _ => "failed",
    };
}

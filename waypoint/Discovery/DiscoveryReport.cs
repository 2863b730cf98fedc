using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Xds.Client;

namespace Ambient.Waypoint.Discovery;

/// <summary>Turns what the xDS client does into log lines and metrics.</summary>
internal sealed class DiscoveryReport(Logger log, MetricRegistry registry, string address) : AdsObserver
{
    private readonly MetricFamily _ends = registry.AddCounter("istio_xds_connection_terminations", "Streams to the control plane that ended, by reason.", "reason");
    private readonly MetricFamily _refusals = registry.AddCounter("ambient_xds_refused_responses", "Responses of the control plane with resources that cannot be used.");

    public override void OnConnected() => log.Info("stream established", LogField.Of("address", address));

    public override void OnTerminated(StreamEnd end, string detail, TimeSpan wait)
    {
        _ends.With(end.ToString()).Increment();
        log.Log(
            end is StreamEnd.ConnectionError or StreamEnd.Error ? LogLevel.Warn : LogLevel.Info,
            "stream ended; the last state stays in force",
            LogField.Of("address", address),
            LogField.Of("reason", end.ToString()),
            LogField.Of("detail", detail),
            LogField.Milliseconds("retry", (long)wait.TotalMilliseconds));
    }

    public override void OnResponse(string typeUrl, int resources, int removed, long payloadBytes) =>
        log.Debug("received response", LogField.Of("type_url", typeUrl), LogField.Of("size", resources), LogField.Of("removes", removed));

    public override void OnRejected(string typeUrl, string reasons)
    {
        _refusals.With().Increment();
        log.Warn("resources rejected; the others of the response are in force", LogField.Of("type_url", typeUrl), LogField.Of("reasons", reasons));
    }

    public override void OnUnknownType(string typeUrl) => log.Error("unknown type", LogField.Of("type_url", typeUrl));
}

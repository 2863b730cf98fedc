using Ambient.Telemetry.Logging;
using Ambient.Xds.Server.Serving;

namespace Ambient.ControlPlane.Observation;

/// <summary>Logs what clients of xDS do. Thread-safe.</summary>
internal sealed class LoggedXds(PlaneMetrics metrics, Logger log) : XdsServerObserver
{
    public override void OnConnected(string client, string peer) => log.Info("a client is connected", LogField.Of("client", client), LogField.Of("peer", peer));

    public override void OnDisconnected(string client, TimeSpan duration) =>
        log.Info("a client is gone", LogField.Of("client", client), LogField.Milliseconds("after", (long)duration.TotalMilliseconds));

    public override void OnRefused(string client, string typeUrl, string reason)
    {
        metrics.Nacks.With(typeUrl).Increment();
        log.Warn("a client refused resources; it keeps what it had", LogField.Of("client", client), LogField.Of("type", typeUrl), LogField.Of("reason", reason));
    }

    public override void OnSent(string client, string typeUrl, int resources, int removed, long bytes)
    {
        metrics.Sent.With(typeUrl).Add(resources);
        metrics.SentBytes.With(typeUrl).Add(bytes);
        log.Debug(
            "sent", LogField.Of("client", client), LogField.Of("type", typeUrl), LogField.Of("resources", resources), LogField.Of("removed", removed), LogField.Of("bytes", bytes));
    }
}

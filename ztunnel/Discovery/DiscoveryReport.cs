using Ambient.Telemetry.Logging;
using Ambient.Xds.Client;

namespace Ambient.Ztunnel.Discovery;

/// <summary>Turns what the xDS client does into log lines and metrics.</summary>
internal sealed class DiscoveryReport(Logger log, DiscoveryMetrics metrics, string address) : AdsObserver
{
    /// <summary>A type URL comes from the server; only as many as this become labels.</summary>
    private const int MaxTypes = 16;
    private readonly HashSet<string> _types = new(StringComparer.Ordinal);

    public override void OnConnected() => log.Info("stream established", LogField.Of("address", address));

    public override void OnTerminated(StreamEnd end, string detail, TimeSpan wait)
    {
        metrics.Terminations.With(end.ToString()).Increment();
        LogLevel level = end is StreamEnd.ConnectionError or StreamEnd.Error ? LogLevel.Warn : LogLevel.Info;
        log.Log(
            level,
            "stream ended; the last state stays in force",
            LogField.Of("address", address),
            LogField.Of("reason", end.ToString()),
            LogField.Of("detail", detail),
            LogField.Milliseconds("retry", (long)wait.TotalMilliseconds));
    }

    public override void OnResponse(string typeUrl, int resources, int removed, long payloadBytes)
    {
        if (_types.Count < MaxTypes)
        {
            _types.Add(typeUrl);
        }

        string label = _types.Contains(typeUrl) ? typeUrl : "other";
        metrics.Messages.With(label).Increment();
        metrics.MessageBytes.With(label).Add(payloadBytes);
        log.Info("received response", LogField.Of("type_url", typeUrl), LogField.Of("size", resources), LogField.Of("removes", removed));
    }

    public override void OnRejected(string typeUrl, string reasons) =>
        log.Warn("resources rejected; the others of the response are in force", LogField.Of("type_url", typeUrl), LogField.Of("reasons", reasons));

    public override void OnUnknownType(string typeUrl) => log.Error("unknown type", LogField.Of("type_url", typeUrl));
}

using Ambient.Dns.Messages;
using Ambient.Telemetry.AccessLogs;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Dns.Names;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Metrics of 10.3 and the log of 10.6 of ztunnel.md. Thread-safe.</summary>
public sealed class DnsObserver : IDnsObserver
{
    private static readonly string[] Labels = ["request_query_type", "request_protocol", "source_canonical_service", "source_canonical_revision"];
    private readonly MetricFamily _requests;
    private readonly MetricFamily _upstream;
    private readonly MetricFamily _failures;
    private readonly HistogramFamily _duration;
    private readonly DnsLogWriter? _log;

    /// <summary>Adds the families to the registry.</summary>
    public DnsObserver(MetricRegistry registry, DnsLogWriter? log)
    {
        ArgumentNullException.ThrowIfNull(registry);
        _requests = registry.AddCounter("istio_dns_requests", "DNS queries received (unstable).", Labels);
        _upstream = registry.AddCounter("istio_dns_upstream_requests", "DNS queries forwarded (unstable).", Labels);
        _failures = registry.AddCounter("istio_dns_upstream_failures", "DNS queries that no upstream answered (unstable).", Labels);
        _duration = registry.AddHistogram(
            "istio_dns_upstream_request_duration_seconds",
            "Time until the upstream's answer (unstable).",
            "seconds",
            [0.0005, 0.001, 0.01, 0.1, 1, 5],
            Labels);
        _log = log;
    }

    /// <inheritdoc/>
    public void OnRequest(DnsClient client, ushort type, bool udp) =>
        _requests.With(DnsType.Name(type), Protocol(udp), client.CanonicalService, client.CanonicalRevision).Increment();

    /// <inheritdoc/>
    public void OnAnswered(DnsClient client, ushort type, string name, string result, int endpoints)
    {
        if (_log is { IsEnabled: true })
        {
            _log.Answered(client.Workload, client.Namespace, DnsType.Name(type).ToUpperInvariant(), name + ".", result, endpoints);
        }
    }

    /// <inheritdoc/>
    public void OnUpstream(DnsClient client, ushort type, bool udp, bool failed, TimeSpan duration)
    {
        string typeName = DnsType.Name(type);
        _upstream.With(typeName, Protocol(udp), client.CanonicalService, client.CanonicalRevision).Increment();
        if (failed)
        {
            _failures.With(typeName, Protocol(udp), client.CanonicalService, client.CanonicalRevision).Increment();
        }

        _duration.With(typeName, Protocol(udp), client.CanonicalService, client.CanonicalRevision).Observe(duration.TotalSeconds);
    }

    private static string Protocol(bool udp) => udp ? "udp" : "tcp";
}

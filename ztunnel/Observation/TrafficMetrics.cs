using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Observation;

/// <summary>The families of ztunnel.md 10.3 that connections feed. Names are pinned by a golden exposition. Thread-safe.</summary>
public sealed class TrafficMetrics
{
    private static readonly string[] OnDemandNames =
    [
        "source_workload", "source_canonical_service", "source_canonical_revision", "source_workload_namespace", "source_principal",
        "source_app", "source_version", "source_cluster", "hostname",
    ];

    private readonly MetricFamily _sockets;
    private readonly MetricFamily _onDemandDns;
    private readonly MetricFamily _revoked;
    private readonly MetricFamily _untracked;

    /// <summary>Adds the families to the registry.</summary>
    public TrafficMetrics(MetricRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        string[] names = TrafficLabels.Names.ToArray();
        Opened = registry.AddCounter("istio_tcp_connections_opened", "The total number of TCP connections opened.", names);
        Closed = registry.AddCounter("istio_tcp_connections_closed", "The total number of TCP connections closed.", names);
        Received = registry.AddCounter("istio_tcp_received_bytes", "The bytes of requests on TCP connections.", names);
        Sent = registry.AddCounter("istio_tcp_sent_bytes", "The bytes of responses on TCP connections.", names);
        Failed = registry.AddCounter("istio_tcp_connections_failed", "The total number of TCP connections that failed (unstable).", names);
        _sockets = registry.AddGauge("istio_tcp_sockets_open", "Sockets accepted and not yet closed (unstable).", "reporter");
        _onDemandDns = registry.AddCounter("istio_on_demand_dns", "Lookups for workloads known by a hostname alone (unstable).", OnDemandNames);
        _revoked = registry.AddCounter("istio_crl_policy_rejections", "Handshakes and connections refused by a revocation list (unstable).", "reporter");
        _untracked = registry.AddCounter("istio_crl_untracked_connections", "Connections that revocation cannot follow (unstable).", "reporter");
    }

    internal MetricFamily Opened { get; }

    internal MetricFamily Closed { get; }

    internal MetricFamily Received { get; }

    internal MetricFamily Sent { get; }

    internal MetricFamily Failed { get; }

    /// <summary>Sockets that are open, as the reporter sees them.</summary>
    public MetricSeries Sockets(Reporter reporter) => _sockets.With(TrafficLabels.Word(reporter));

    /// <summary>Handshakes and connections that a revocation list refused.</summary>
    public MetricSeries RevocationRejections(Reporter reporter) => _revoked.With(TrafficLabels.Word(reporter));

    /// <summary>Connections whose chain revocation cannot follow.</summary>
    public MetricSeries RevocationUntracked(Reporter reporter) => _untracked.With(TrafficLabels.Word(reporter));

    /// <summary>A workload that is known by its hostname alone was looked up for a connection.</summary>
    public void CountOnDemandDns(Workload source, string hostname)
    {
        ArgumentNullException.ThrowIfNull(source);
        _onDemandDns.With(
            OrUnknown(source.WorkloadName), OrUnknown(source.CanonicalName), OrUnknown(source.CanonicalRevision), OrUnknown(source.Namespace),
            OrUnknown(source.Identity.ToString()), OrUnknown(source.CanonicalName), OrUnknown(source.CanonicalRevision), OrUnknown(source.ClusterId), OrUnknown(hostname))
            .Increment();
    }

    private static string OrUnknown(string value) => value.Length == 0 ? TrafficLabels.Unknown : value;
}

using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Metrics;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Serving;

namespace Ambient.ControlPlane.Observation;

/// <summary>The control plane's metrics. Thread-safe.</summary>
internal sealed class PlaneMetrics : IMetricCollector
{
    private readonly ResourceStore _store;
    private readonly AuthorityHolder _authority;
    private readonly IResourceSource _source;
    private readonly TimeProvider _clock;

    internal PlaneMetrics(MetricRegistry registry, ResourceStore store, AuthorityHolder authority, IResourceSource source, TimeProvider clock)
    {
        (_store, _authority, _source, _clock) = (store, authority, source, clock);
        Issued = registry.AddCounter("citadel_server_success_cert_issuance_count", "Certificates that were issued.").With();
        Refused = registry.AddCounter("ambient_certificates_refused", "Requests for certificates that were refused.").With();
        Strangers = registry.AddCounter("ambient_xds_strangers", "Streams of callers that could not be authenticated.").With();
        Nacks = registry.AddCounter("ambient_xds_refusals", "Responses that a client refused, by type.", "type");
        Sent = registry.AddCounter("ambient_xds_resources", "Resources that were sent, by type.", "type");
        SentBytes = registry.AddCounter("ambient_xds_bytes", "Bytes of responses that were sent, by type.", "type");
        Unreadable = registry.AddCounter("ambient_objects_refused", "Objects that could not be read, by kind.", "kind");
        registry.Add(new ProcessMetrics());
        registry.Add(this);
    }

    internal MetricSeries Issued { get; }

    internal MetricSeries Refused { get; }

    internal MetricSeries Strangers { get; }

    internal MetricFamily Nacks { get; }

    internal MetricFamily Sent { get; }

    internal MetricFamily SentBytes { get; }

    internal MetricFamily Unreadable { get; }

    internal XdsServer? Xds { get; set; }

    internal Func<bool> IsLeader { get; set; } = static () => false;

    public void Collect(ExpositionWriter writer)
    {
        writer.Family("ambient_xds_store", MetricKind.Gauge, "Resources that are served, by type.");
        foreach (string type in new[] { MeshIndex.AddressType, MeshIndex.PolicyType })
        {
            writer.Sample(MetricLabels.Of(["type"], type), _store.Count(type));
        }

        writer.Family("pilot_xds", MetricKind.Gauge, "Clients of xDS that are connected.");
        writer.Sample(MetricLabels.None, Xds?.Clients.Count ?? 0);
        writer.Family("ambient_leader", MetricKind.Gauge, "Whether this replica runs the controllers.");
        writer.Sample(MetricLabels.None, IsLeader() ? 1 : 0);
        if (_authority.Current is { } authority)
        {
            writer.Family("citadel_server_root_cert_expiry_timestamp", MetricKind.Gauge, "When the first of the roots ends, in seconds of Unix time.");
            writer.Sample(MetricLabels.None, authority.RootsNotAfter.ToUnixTimeSeconds());
            writer.Family("citadel_server_root_cert_expiry_seconds", MetricKind.Gauge, "How long that is from now.");
            writer.Sample(MetricLabels.None, (authority.RootsNotAfter - _clock.GetUtcNow()).TotalSeconds);
            writer.Family("citadel_server_cert_chain_expiry_timestamp", MetricKind.Gauge, "When the first certificate from the signer to the roots ends, in seconds of Unix time.");
            writer.Sample(MetricLabels.None, authority.NotAfter.ToUnixTimeSeconds());
            writer.Family("citadel_server_cert_chain_expiry_seconds", MetricKind.Gauge, "How long that is from now.");
            writer.Sample(MetricLabels.None, (authority.NotAfter - _clock.GetUtcNow()).TotalSeconds);
        }

        if (_source is KubernetesSource api)
        {
            Watches(writer, api);
        }
    }

    private static void Watches(ExpositionWriter writer, KubernetesSource api)
    {
        writer.Family("ambient_watch_events", MetricKind.Counter, "Changes that came from the API, by kind.");
        foreach ((string kind, WatchCounters counters) in api.Counters)
        {
            writer.Sample(MetricLabels.Of(["kind"], kind), counters.Events);
        }

        writer.Family("ambient_watch_failures", MetricKind.Counter, "Lists and watches that failed, by kind.");
        foreach ((string kind, WatchCounters counters) in api.Counters)
        {
            writer.Sample(MetricLabels.Of(["kind"], kind), counters.Failures);
        }

        writer.Family("ambient_watch_troubled", MetricKind.Gauge, "Kinds that are not up to date at the moment.");
        foreach ((string kind, WatchCounters counters) in api.Counters)
        {
            writer.Sample(MetricLabels.Of(["kind"], kind), counters.Trouble is null ? 0 : 1);
        }
    }
}

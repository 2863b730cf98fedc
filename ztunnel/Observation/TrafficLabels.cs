using Ambient.Mesh.Headers;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Metrics;

namespace Ambient.Ztunnel.Observation;

/// <summary>The traffic labels (ztunnel.md 10.3): names in order, and the values of a key. Immutable.</summary>
public static class TrafficLabels
{
    /// <summary>What stands for a missing or empty value.</summary>
    public const string Unknown = "unknown";

    /// <summary>The flag of a connection that did not fail.</summary>
    public const string NoFlag = "-";

    private static readonly string[] LabelNames =
    [
        "reporter",
        "source_workload", "source_canonical_service", "source_canonical_revision", "source_workload_namespace", "source_principal",
        "source_app", "source_version", "source_cluster",
        "destination_service", "destination_service_namespace", "destination_service_name",
        "destination_workload", "destination_canonical_service", "destination_canonical_revision", "destination_workload_namespace",
        "destination_principal", "destination_app", "destination_version", "destination_cluster",
        "request_protocol", "response_flags", "connection_security_policy",
        "source_region", "source_zone", "destination_region", "destination_zone",
    ];

    /// <summary>Names in the order of the exposition.</summary>
    public static ReadOnlySpan<string> Names => LabelNames;

    /// <summary>The value of <c>reporter</c>.</summary>
    public static string Word(Reporter reporter) => reporter == Reporter.Source ? "source" : "destination";

    /// <summary>The labels of a key whose connections ended with a flag.</summary>
    public static MetricLabels Of(in TrafficKey key, string responseFlag)
    {
        Party source = Party.Of(key.Source, key.Source is null ? key.SourceBaggage : null);
        Party destination = Party.Of(key.DestinationBaggage is null ? key.Destination : null, key.DestinationBaggage);
        SpiffeId? destinationIdentity = key.DestinationIdentity ?? key.Destination?.Identity;
        bool located = source.IsKnown || destination.IsKnown;
        return MetricLabels.Of(
            LabelNames,
            Word(key.Reporter),
            Value(source.Workload), Value(source.Canonical), Value(source.Revision), Value(source.Namespace), Value(key.SourceIdentity?.ToString()),
            Value(source.App), Value(source.Revision), Value(source.Cluster),
            Value(key.Service?.Hostname), Value(key.Service?.Namespace), Value(key.Service?.Name),
            Value(destination.Workload), Value(destination.Canonical), Value(destination.Revision), Value(destination.Namespace),
            Value(destinationIdentity?.ToString()), Value(destination.App), Value(destination.Revision), Value(destination.Cluster),
            "tcp", responseFlag, key.IsMutualTls ? "mutual_tls" : Unknown,
            located ? Value(source.Region) : null, located ? Value(source.Zone) : null,
            located ? Value(destination.Region) : null, located ? Value(destination.Zone) : null);
    }

    private static string Value(string? value) => string.IsNullOrEmpty(value) ? Unknown : value;

    private readonly record struct Party(
        bool IsKnown, string? Workload, string? Canonical, string? App, string? Revision, string? Namespace, string? Cluster, string? Region, string? Zone)
    {
        public static Party Of(Workload? workload, Baggage? baggage) => (workload, baggage) switch
        {
            ({ } w, _) => new(true, w.WorkloadName, w.CanonicalName, w.CanonicalName, w.CanonicalRevision, w.Namespace, w.ClusterId, w.Locality.Region, w.Locality.Zone),

            // The app of a workload known by its baggage alone is the workload's name: dashboards are built on it.
            (null, { } b) when b != Baggage.Empty => new(true, b.WorkloadName, b.Service, b.WorkloadName, b.Revision, b.Namespace, b.Cluster, b.Region, b.Zone),
            _ => default,
        };
    }
}

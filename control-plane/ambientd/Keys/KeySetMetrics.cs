using Ambient.ControlPlane.Routing.Keys;
using Ambient.Telemetry.Metrics;

namespace Ambient.ControlPlane.Keys;

/// <summary>How it is with the keys of issuers. Thread-safe.</summary>
internal sealed class KeySetMetrics(KeySetStore store, TimeProvider clock) : IMetricCollector
{
    public void Collect(ExpositionWriter writer)
    {
        writer.Family("ambient_key_set_fetches", MetricKind.Counter, "Key sets of issuers that were fetched.");
        writer.Sample(MetricLabels.None, store.Fetches);
        writer.Family("ambient_key_set_failures", MetricKind.Counter, "Fetches of key sets that failed.");
        writer.Sample(MetricLabels.None, store.Failures);
        writer.Family("ambient_key_sets", MetricKind.Gauge, "Key sets that are wanted.");
        writer.Sample(MetricLabels.None, store.Count);
        writer.Family("ambient_key_sets_failing", MetricKind.Gauge, "Those of which the last fetch failed.");
        writer.Sample(MetricLabels.None, store.Failing);
        IReadOnlyList<RememberedKeySet> held = store.Held;
        writer.Family("ambient_key_set_oldest_seconds", MetricKind.Gauge, "How long ago the oldest key set in force was fetched.");
        writer.Sample(MetricLabels.None, held.Count == 0 ? 0 : (clock.GetUtcNow() - held.Min(static set => set.Fetched)).TotalSeconds);
    }
}

using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Metrics;

/// <summary>Health of the process' own runtime, prefix <c>ambient_</c>; all of it unstable. Thread-safe.</summary>
public sealed class RuntimeMetrics(LogHub? log) : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(ExpositionWriter writer)
    {
        Gauge(writer, "ambient_runtime_resident_bytes", "Resident memory of the process (unstable).", Environment.WorkingSet);
        Gauge(writer, "ambient_runtime_heap_bytes", "Managed heap after the last collection (unstable).", GC.GetTotalMemory(forceFullCollection: false));
        writer.Family("ambient_runtime_collections", MetricKind.Counter, "Garbage collections by generation (unstable).");
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            writer.Sample(MetricLabels.Of(["generation"], generation.ToString(System.Globalization.CultureInfo.InvariantCulture)), GC.CollectionCount(generation));
        }

        Counter(writer, "ambient_runtime_allocated_bytes", "Managed bytes allocated (unstable).", GC.GetTotalAllocatedBytes());
        writer.Family("ambient_runtime_gc_pause_seconds", MetricKind.Counter, "Time in which collections stopped all threads (unstable).", "seconds");
        writer.Sample(MetricLabels.None, GC.GetTotalPauseDuration().TotalSeconds);
        Gauge(writer, "ambient_runtime_pool_threads", "Threads of the pool that control code runs on (unstable).", ThreadPool.ThreadCount);
        Gauge(writer, "ambient_runtime_pool_queue_depth", "Work items waiting for a pool thread (unstable).", ThreadPool.PendingWorkItemCount);
        if (log is not null)
        {
            Counter(writer, "ambient_log_lines", "Log lines written (unstable).", log.LinesWritten);
            Counter(writer, "ambient_log_producers_blocked", "Times a thread waited for room in the log queue (unstable).", log.ProducersBlocked);
            Counter(writer, "ambient_log_lines_dropped", "Log lines lost because the output stalled (unstable).", log.LinesDropped);
        }
    }

    private static void Gauge(ExpositionWriter writer, string name, string help, long value)
    {
        writer.Family(name, MetricKind.Gauge, help);
        writer.Sample(MetricLabels.None, value);
    }

    private static void Counter(ExpositionWriter writer, string name, string help, long value)
    {
        writer.Family(name, MetricKind.Counter, help);
        writer.Sample(MetricLabels.None, value);
    }
}

using System.Buffers;

namespace Ambient.Telemetry.Metrics;

/// <summary>All families of the process and their text exposition (reference 10.2). Thread-safe.</summary>
public sealed class MetricRegistry
{
    private readonly Lock _gate = new();
    private readonly Lock _scraping = new();
    private readonly List<IMetricCollector> _collectors = [];

    /// <summary>Adds a counter. The name goes without <c>_total</c>.</summary>
    public MetricFamily AddCounter(string name, string help, params string[] labelNames) => Add(new MetricFamily(name, MetricKind.Counter, help, labelNames));

    /// <summary>Adds a gauge.</summary>
    public MetricFamily AddGauge(string name, string help, params string[] labelNames) => Add(new MetricFamily(name, MetricKind.Gauge, help, labelNames));

    /// <summary>Adds a histogram with upper bounds in rising order; the unbounded bucket is implied.</summary>
    public HistogramFamily AddHistogram(string name, string help, string? unit, double[] bounds, params string[] labelNames)
        => Add(new HistogramFamily(name, help, unit, bounds, labelNames));

    /// <summary>Adds a collector and returns it.</summary>
    public T Add<T>(T collector)
        where T : IMetricCollector
    {
        lock (_gate)
        {
            _collectors.Add(collector);
        }

        return collector;
    }

    /// <summary>Writes the whole exposition.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        IMetricCollector[] collectors;
        lock (_gate)
        {
            collectors = [.. _collectors];
        }

        lock (_scraping)
        {
            ExpositionWriter writer = new(output);
            foreach (IMetricCollector collector in collectors)
            {
                collector.Collect(writer);
            }

            writer.End();
        }
    }
}

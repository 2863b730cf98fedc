using System.Collections.Concurrent;

namespace Ambient.Telemetry.Metrics;

/// <summary>A named histogram with its series. Thread-safe.</summary>
public sealed class HistogramFamily : IMetricCollector
{
    private readonly string _name;
    private readonly string _help;
    private readonly string? _unit;
    private readonly double[] _bounds;
    private readonly string[] _labelNames;
    private readonly ConcurrentDictionary<MetricLabels, HistogramSeries> _series = new();

    internal HistogramFamily(string name, string help, string? unit, double[] bounds, string[] labelNames)
    {
        _name = name;
        _help = help;
        _unit = unit;
        _bounds = bounds;
        _labelNames = labelNames;
    }

    /// <summary>The series with these label values, in the order of the family's names; made when new.</summary>
    public HistogramSeries With(params ReadOnlySpan<string?> values)
        => With(MetricLabels.Of(_labelNames, values));

    /// <summary>The series with labels rendered before; made when new.</summary>
    public HistogramSeries With(MetricLabels labels) => _series.GetOrAdd(labels, static (key, bounds) => new HistogramSeries(key, bounds), _bounds);

    /// <summary>How many series there are.</summary>
    public int Count => _series.Count;

    /// <summary>Whether there is a series with these labels.</summary>
    public bool Contains(MetricLabels labels) => _series.ContainsKey(labels);

    /// <inheritdoc/>
    public void Collect(ExpositionWriter writer)
    {
        writer.Family(_name, MetricKind.Histogram, _help, _unit);
        foreach (HistogramSeries series in _series.Values)
        {
            series.WriteTo(writer);
        }
    }
}

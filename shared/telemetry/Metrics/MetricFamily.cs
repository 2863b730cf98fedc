using System.Collections.Concurrent;

namespace Ambient.Telemetry.Metrics;

/// <summary>A named counter or gauge with its series. Thread-safe.</summary>
public sealed class MetricFamily : IMetricCollector
{
    private readonly string _name;
    private readonly string _help;
    private readonly MetricKind _kind;
    private readonly string[] _labelNames;
    private readonly ConcurrentDictionary<MetricLabels, MetricSeries> _series = new();

    internal MetricFamily(string name, MetricKind kind, string help, string[] labelNames)
    {
        _name = name;
        _kind = kind;
        _help = help;
        _labelNames = labelNames;
    }

    /// <summary>The series with these label values, in the order of the family's names; made when new.</summary>
    public MetricSeries With(params ReadOnlySpan<string?> values) => With(MetricLabels.Of(_labelNames, values));

    /// <summary>The series with labels rendered before; made when new.</summary>
    public MetricSeries With(MetricLabels labels) => _series.GetOrAdd(labels, static key => new MetricSeries(key));

    /// <summary>How many series there are.</summary>
    public int Count => _series.Count;

    /// <summary>Whether there is a series with these labels.</summary>
    public bool Contains(MetricLabels labels) => _series.ContainsKey(labels);

    /// <inheritdoc/>
    public void Collect(ExpositionWriter writer)
    {
        writer.Family(_name, _kind, _help);
        foreach (MetricSeries series in _series.Values)
        {
            writer.Sample(series.Labels, series.Value);
        }
    }
}

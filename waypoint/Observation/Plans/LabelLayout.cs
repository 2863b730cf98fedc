using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation.Plans;

/// <summary>The labels of one metric in their order, and where each value comes from. Immutable.</summary>
internal sealed class LabelLayout
{
    private readonly string[] _names;
    private readonly LabelSource[] _sources;

    private LabelLayout(string[] names, LabelSource[] sources)
    {
        _names = names;
        _sources = sources;
    }

    /// <summary>Labels that rules have added or replaced.</summary>
    public int AddedCount => _sources.Count(source => source.Usual < 0);

    /// <summary>The usual ones.</summary>
    public static LabelLayout Of(IstioMetric metric)
    {
        string[] names = IstioMetrics.LabelsOf(metric);
        return new LabelLayout(names, [.. Enumerable.Range(0, names.Length).Select(LabelSource.OfUsual)]);
    }

    /// <summary>The same with a label more, or with another value for one.</summary>
    public LabelLayout With(string name, LabelSource source)
    {
        string label = Clean(name);
        int index = Array.IndexOf(_names, label);
        if (index < 0)
        {
            return new LabelLayout([.. _names, label], [.. _sources, source]);
        }

        LabelSource[] sources = [.. _sources];
        sources[index] = source;
        return new LabelLayout(_names, sources);
    }

    /// <summary>The same without a label.</summary>
    public LabelLayout Without(string name)
    {
        int index = Array.IndexOf(_names, name);
        return index < 0 ? this : new LabelLayout([.. _names.Where((_, i) => i != index)], [.. _sources.Where((_, i) => i != index)]);
    }

    /// <summary>Whether another has the same labels.</summary>
    public bool IsSameAs(LabelLayout other) => _names.AsSpan().SequenceEqual(other._names) && _sources.AsSpan().SequenceEqual(other._sources);

    /// <summary>The labels' text.</summary>
    public MetricLabels Render(ReadOnlySpan<string> usual, ReadOnlySpan<string> computed)
    {
        string?[] values = new string?[_names.Length];
        for (int i = 0; i < values.Length; i++)
        {
            LabelSource source = _sources[i];
            values[i] = source.Usual >= 0 ? usual[source.Usual] : source.Computed < 0 ? source.Constant : source.Computed < computed.Length ? computed[source.Computed] : "unknown";
        }

        return MetricLabels.Of(_names, values);
    }

    // What Prometheus allows as a label's name.
    private static string Clean(string name)
    {
        string clean = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_'));
        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? "_" + clean : clean;
    }
}

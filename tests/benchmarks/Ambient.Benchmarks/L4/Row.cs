namespace Ambient.Benchmarks.L4;

/// <summary>One result: a metric of a subject in a workload, over all runs.</summary>
internal sealed record Row(string Workload, string Subject, string Metric, string Unit, double Median, double Min, double Max);

/// <summary>One sample of a metric.</summary>
internal readonly record struct Sample(string Metric, string Unit, double Value);

/// <summary>Collects samples of interleaved runs and reduces them to rows.</summary>
internal sealed class ResultTable
{
    private readonly Dictionary<(string Workload, string Subject, string Metric, string Unit), List<double>> _samples = [];
    private readonly List<(string Workload, string Subject, string Metric, string Unit)> _order = [];

    /// <summary>Adds the samples of one run.</summary>
    public void Add(string workload, string subject, IEnumerable<Sample> samples)
    {
        foreach (Sample sample in samples)
        {
            var key = (workload, subject, sample.Metric, sample.Unit);
            if (!_samples.TryGetValue(key, out List<double>? values))
            {
                _samples[key] = values = [];
                _order.Add(key);
            }

            values.Add(sample.Value);
        }
    }

    /// <summary>Medians, minima and maxima in the order in which they were first measured.</summary>
    public IReadOnlyList<Row> Rows()
    {
        List<Row> rows = [];
        foreach (var key in _order)
        {
            double[] values = [.. _samples[key].Order()];
            double median = values.Length % 2 == 1 ? values[values.Length / 2] : (values[(values.Length / 2) - 1] + values[values.Length / 2]) / 2;
            rows.Add(new Row(key.Workload, key.Subject, key.Metric, key.Unit, median, values[0], values[^1]));
        }

        return rows;
    }
}

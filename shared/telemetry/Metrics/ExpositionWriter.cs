using System.Buffers;
using System.Globalization;
using System.Text;

namespace Ambient.Telemetry.Metrics;

/// <summary>
/// Writes the text exposition (reference 10.2): HELP, TYPE and UNIT carry the name without <c>_total</c>, counter samples carry it,
/// and a family without samples leaves no trace. Used by one thread.
/// </summary>
public sealed class ExpositionWriter(IBufferWriter<byte> output)
{
    private string _name = string.Empty;
    private string _help = string.Empty;
    private string? _unit;
    private MetricKind _kind;
    private bool _headed;

    /// <summary>Begins a family; nothing is written before its first sample.</summary>
    /// <param name="name">Name without <c>_total</c>.</param>
    /// <param name="kind">Type of the family.</param>
    /// <param name="help">One sentence with its period; the word <c>unstable</c> in it marks a name that may change.</param>
    /// <param name="unit">Unit that the name ends with, or null.</param>
    public void Family(string name, MetricKind kind, string help, string? unit = null)
    {
        _name = name;
        _kind = kind;
        _help = help;
        _unit = unit;
        _headed = false;
    }

    /// <summary>A sample of the family at hand.</summary>
    public void Sample(MetricLabels labels, long value)
    {
        Head();
        Text(_name);
        Text(_kind == MetricKind.Counter ? "_total"u8 : default);
        Labels(labels, default);
        Number(value);
    }

    /// <summary>A sample of the family at hand.</summary>
    public void Sample(MetricLabels labels, double value)
    {
        Head();
        Text(_name);
        Text(_kind == MetricKind.Counter ? "_total"u8 : default);
        Labels(labels, default);
        Number(value);
    }

    /// <summary>A histogram: counts per bucket (not cumulative, the last one unbounded), and the sum of what was observed.</summary>
    public void Histogram(MetricLabels labels, ReadOnlySpan<double> bounds, ReadOnlySpan<long> counts, double sum)
    {
        Head();
        long count = 0;
        foreach (long bucket in counts)
        {
            count += bucket;
        }

        Text(_name);
        Text("_sum"u8);
        Labels(labels, default);
        Number(sum);
        Text(_name);
        Text("_count"u8);
        Labels(labels, default);
        Number(count);
        long cumulative = 0;
        for (int i = 0; i <= bounds.Length; i++)
        {
            cumulative += counts[i];
            Text(_name);
            Text("_bucket"u8);
            Labels(labels, i == bounds.Length ? "+Inf" : DoubleText(bounds[i]));
            Number(cumulative);
        }
    }

    /// <summary>Ends the exposition.</summary>
    public void End() => Text("# EOF\n"u8);

    private static string DoubleText(double value) => value.ToString(value == Math.Floor(value) ? "0.0" : "R", CultureInfo.InvariantCulture);

    private void Head()
    {
        if (_headed)
        {
            return;
        }

        _headed = true;
        Header("# HELP "u8, _help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal));
        Header("# TYPE "u8, _kind switch { MetricKind.Counter => "counter", MetricKind.Gauge => "gauge", _ => "histogram" });
        if (_unit is not null)
        {
            Header("# UNIT "u8, _unit);
        }
    }

    private void Header(ReadOnlySpan<byte> keyword, string rest)
    {
        Text(keyword);
        Text(_name);
        Text(" "u8);
        Text(rest);
        Text("\n"u8);
    }

    private void Labels(MetricLabels labels, string? bucket)
    {
        if (bucket is null && labels.Text.IsEmpty)
        {
            return;
        }

        Text("{"u8);
        if (bucket is not null)
        {
            Text("le=\""u8);
            Text(bucket);
            Text(labels.Text.IsEmpty ? "\""u8 : "\","u8);
        }

        Text(labels.Text);
        Text("}"u8);
    }

    private void Number(long value)
    {
        Span<byte> to = output.GetSpan(32);
        to[0] = (byte)' ';
        _ = value.TryFormat(to[1..], out int written, default, CultureInfo.InvariantCulture);
        to[written + 1] = (byte)'\n';
        output.Advance(written + 2);
    }

    private void Number(double value)
    {
        Text(" "u8);
        Text(double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : double.IsNaN(value) ? "NaN" : DoubleText(value));
        Text("\n"u8);
    }

    private void Text(ReadOnlySpan<byte> text) => output.Write(text);

    private void Text(string text)
    {
        Span<byte> to = output.GetSpan(text.Length * 3);
        output.Advance(Encoding.UTF8.GetBytes(text, to));
    }
}

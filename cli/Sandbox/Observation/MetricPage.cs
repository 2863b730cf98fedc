using System.Globalization;

namespace Ambient.Cli.Sandbox.Observation;

/// <summary>A page of metrics in text form. Immutable.</summary>
internal sealed class MetricPage
{
    private readonly List<(string Name, string Labels, double Value)> _samples = [];

    private MetricPage()
    {
    }

    /// <summary>Reads the samples; lines it cannot read are left out.</summary>
    public static MetricPage Parse(string text)
    {
        var page = new MetricPage();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int space = line.LastIndexOf(' ');
            if (line.IsEmpty || line[0] == '#' || space <= 0 || !double.TryParse(line[(space + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            {
                continue;
            }

            ReadOnlySpan<char> head = line[..space];
            int brace = head.IndexOf('{');
            page._samples.Add(brace < 0 ? (head.ToString(), "", value) : (head[..brace].ToString(), head[brace..].ToString(), value));
        }

        return page;
    }

    /// <summary>Sum of a metric over all series that hold each of the label texts, such as <c>reporter="source"</c>.</summary>
    public double Sum(string name, params ReadOnlySpan<string> labels)
    {
        double sum = 0;
        foreach ((string sample, string all, double value) in _samples)
        {
            bool matches = sample == name;
            foreach (string label in labels)
            {
                matches &= all.Contains(label, StringComparison.Ordinal);
            }

            sum += matches ? value : 0;
        }

        return sum;
    }
}

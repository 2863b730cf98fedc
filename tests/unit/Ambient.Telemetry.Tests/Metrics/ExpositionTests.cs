using System.Buffers;
using System.Text;
using Ambient.Telemetry.Metrics;

namespace Ambient.Telemetry.Tests.Metrics;

public sealed class ExpositionTests
{
    [Fact]
    public void Families_AreWrittenInOpenMetricsStyle()
    {
        MetricRegistry registry = new();
        MetricFamily opened = registry.AddCounter("istio_tcp_connections_opened", "Opened.", "reporter", "note");
        registry.AddCounter("never_used", "Not there.");
        registry.AddGauge("open_now", "Now.").With().Set(-3);
        HistogramFamily latency = registry.AddHistogram("took_seconds", "Took (unstable).", "seconds", [0.0005, 0.1, 1], "q");
        opened.With("source", "a \"b\" \\ c\nd").Add(2);
        latency.With("a").Observe(0.1);
        latency.With("a").Observe(0.25);
        latency.With("a").Observe(7);
        Assert.Equal(
            """
            # HELP istio_tcp_connections_opened Opened.
            # TYPE istio_tcp_connections_opened counter
            istio_tcp_connections_opened_total{reporter="source",note="a \"b\" \\ c\nd"} 2
            # HELP open_now Now.
            # TYPE open_now gauge
            open_now -3
            # HELP took_seconds Took (unstable).
            # TYPE took_seconds histogram
            # UNIT took_seconds seconds
            took_seconds_sum{q="a"} 7.35
            took_seconds_count{q="a"} 3
            took_seconds_bucket{le="0.0005",q="a"} 0
            took_seconds_bucket{le="0.1",q="a"} 1
            took_seconds_bucket{le="1.0",q="a"} 2
            took_seconds_bucket{le="+Inf",q="a"} 3
            # EOF

            """,
            Text(registry));
    }

    [Fact]
    public void Cells_OfManyThreads_AreSummed()
    {
        MetricRegistry registry = new();
        MetricSeries series = registry.AddCounter("n", "N.").With();
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            CounterCell cell = series.NewCell();
            for (int i = 0; i < 100_000; i++)
            {
                cell.Increment();
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        series.Add(5);
        Array.ForEach(threads, t => t.Join());
        Assert.Equal(400_005, series.Value);
    }

    [Fact]
    public void Labels_NullIsLeftOutAndEqualTextIsEqual()
    {
        MetricLabels labels = MetricLabels.Of(["a", "b", "c"], "1", null, "3");
        Assert.Equal("{a=\"1\",c=\"3\"}", labels.ToString());
        Assert.Equal(labels, MetricLabels.Of(["a", "c"], "1", "3"));
        Assert.Equal(labels.GetHashCode(), MetricLabels.Of(["a", "c"], "1", "3").GetHashCode());
        Assert.Same(MetricLabels.None, MetricLabels.Of([]));
    }

    [Fact]
    [Trait("behaviour", "ZT-261")]
    public void Process_HasOneSampleOfOpenAndLargestDescriptors()
    {
        MetricRegistry registry = new();
        registry.Add(new ProcessMetrics());
        registry.Add(new RuntimeMetrics(null));
        string[] lines = Text(registry).Split('\n');
        foreach (string name in (string[])["process_open_fds", "process_max_fds"])
        {
            Assert.Contains($"# TYPE {name} gauge", lines);
            string sample = Assert.Single(lines, l => l.StartsWith(name + " ", StringComparison.Ordinal));
            Assert.True(long.Parse(sample.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) > 0);
        }

        Assert.All(lines.Where(l => l.StartsWith("# HELP ambient_", StringComparison.Ordinal)), l => Assert.Contains("unstable", l, StringComparison.Ordinal));
    }

    internal static string Text(MetricRegistry registry)
    {
        ArrayBufferWriter<byte> output = new();
        registry.WriteTo(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

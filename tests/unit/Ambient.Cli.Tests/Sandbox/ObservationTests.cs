using Ambient.Cli.Sandbox.Observation;

namespace Ambient.Cli.Tests.Sandbox;

public sealed class ObservationTests
{
    private const string Page = """
        # HELP istio_tcp_connections_opened The total number of TCP connections opened.
        # TYPE istio_tcp_connections_opened counter
        istio_tcp_connections_opened_total{reporter="source",source_principal="a b"} 3
        istio_tcp_connections_opened_total{reporter="destination",source_principal="a b"} 4.5
        up 1
        broken
        broken{ x
        # EOF
        """;

    private const string Line = "2026-01-01T00:00:00.000000Z\tinfo\taccess\tconnection complete\tsrc.addr=10.9.1.10:1234 src.identity=\"spiffe://a/ns/b/sa/c\" dst.addr=10.9.2.10:15008 direction=\"outbound\" error=\"it ended";

    [Fact]
    public void Metrics_AreSummedOverMatchingLabels()
    {
        MetricPage page = MetricPage.Parse(Page);
        Assert.Equal(7.5, page.Sum("istio_tcp_connections_opened_total"));
        Assert.Equal(3, page.Sum("istio_tcp_connections_opened_total", "reporter=\"source\"", "source_principal=\"a b\""));
        Assert.Equal(0, page.Sum("istio_tcp_connections_opened_total", "reporter=\"nobody\""));
        Assert.Equal(1, page.Sum("up"));
        Assert.Equal(0, page.Sum("broken"));
    }

    [Fact]
    public void AccessLine_GivesValuesByKey()
    {
        Assert.Equal("10.9.1.10:1234", AccessLine.Value(Line, "src.addr"));
        Assert.Equal("spiffe://a/ns/b/sa/c", AccessLine.Value(Line, "src.identity"));
        Assert.Equal("it ended", AccessLine.Value(Line, "error"));
        Assert.Null(AccessLine.Value(Line, "addr"));
        Assert.Equal("direction=outbound src.addr=10.9.1.10:1234 src.identity=spiffe://a/ns/b/sa/c dst.addr=10.9.2.10:15008 error=it ended", AccessLine.Summary(Line));
    }

    [Fact]
    public void MutatedText_NeverThrows()
    {
        var random = new Random(Environment.TickCount);
        foreach (string text in new[] { Page, Line })
        {
            for (int i = 0; i < 10_000; i++)
            {
                char[] changed = text.ToCharArray();
                for (int n = random.Next(1, 8); n > 0; n--)
                {
                    changed[random.Next(changed.Length)] = (char)random.Next(9, 127);
                }

                string mutated = new(changed, 0, random.Next(changed.Length + 1));
                _ = MetricPage.Parse(mutated).Sum("up");
                _ = AccessLine.Summary(mutated);
            }
        }
    }

    [Fact]
    public void LogFile_GivesWholeLinesAfterAMark()
    {
        string path = Path.GetTempFileName();
        try
        {
            var log = new LogFile(path);
            File.WriteAllText(path, "one\n");
            long mark = log.Mark();
            File.AppendAllText(path, "two\nthr");
            Assert.Equal(["two"], log.LinesSince(mark));
            File.AppendAllText(path, "ee\n");
            Assert.Equal(["two", "three"], log.LinesSince(mark));
            File.Delete(path);
            Assert.Empty(log.LinesSince(mark));
            Assert.Equal(0, log.Mark());
        }
        finally
        {
            File.Delete(path);
        }
    }
}

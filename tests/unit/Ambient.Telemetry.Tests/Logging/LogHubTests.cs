using System.Net;
using System.Text.Json;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Tests.Logging;

public sealed class LogHubTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void Plain_Line_HasTabsAndEscapes()
    {
        CollectingSink sink = new();
        using LogHub hub = Hub(sink, LogFormat.Plain);
        LogSpan span = new("outbound", LogField.Bare("id", "00ff"));
        hub.For("ztunnel::proxy::outbound").Log(
            LogLevel.Warn, span, "went\nwrong", LogField.Of("text", "a \"b\"\\\t\u0001"), LogField.Of("absent", null), LogField.Of("n", 7), LogField.Of("on", true), LogField.Milliseconds("took", 15));
        Assert.True(hub.Flush(Limit));
        Assert.Equal("2026-08-20T10:00:00.123456Z\twarn\tproxy::outbound:outbound{id=00ff}\twent\\nwrong\ttext=\"a \\\"b\\\"\\\\\\t\\u{1}\" n=7 on=true took=\"15ms\"\n", sink.Text);
    }

    [Theory]
    [InlineData("10.1.0.7", 41230, "10.1.0.7:41230")]
    [InlineData("::1", 80, "[::1]:80")]
    [InlineData("2001:db8::5", 65535, "[2001:db8::5]:65535")]
    [InlineData("255.255.255.255", 0, "255.255.255.255:0")]
    public void Address_IsBareInPlainAndTextInJson(string address, ushort port, string expected)
    {
        LogAddress value = new(IPAddress.Parse(address).GetAddressBytes(), port);
        Assert.Equal(expected, value.ToString());
        CollectingSink plain = new();
        CollectingSink json = new();
        using LogHub plainHub = Hub(plain, LogFormat.Plain);
        using LogHub jsonHub = Hub(json, LogFormat.Json);
        plainHub.For("x").Info("m", LogField.Of("a", value));
        jsonHub.For("x").Info("m", LogField.Of("a", value));
        Assert.True(plainHub.Flush(Limit) && jsonHub.Flush(Limit));
        Assert.EndsWith($"\ta={expected}\n", plain.Text, StringComparison.Ordinal);
        using JsonDocument line = JsonDocument.Parse(json.Text);
        Assert.Equal(expected, line.RootElement.GetProperty("a").GetString());
    }

    [Fact]
    [Trait("behaviour", "ZT-264")]
    public void Json_AnyText_IsOneValidObjectPerLine()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        CollectingSink sink = new();
        using LogHub hub = Hub(sink, LogFormat.Json);
        List<string> texts = [];
        for (int i = 0; i < 200; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(0, 60)).Select(_ => (char)random.Next(0, 0xD7FF))]);
            texts.Add(text);
            hub.For("ztunnel::x").Log(LogLevel.Error, new LogSpan("outer", LogField.Of("id", i)), "m" + text, LogField.Of("f", text), LogField.Of("n", -i), LogField.Of("on", false));
        }

        Assert.True(hub.Flush(Limit));
        string[] lines = sink.Lines;
        Assert.Equal(texts.Count, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            using JsonDocument document = JsonDocument.Parse(lines[i]);
            JsonElement line = document.RootElement;
            Assert.Equal(["level", "time", "scope", "message", "f", "n", "on", "outer"], line.EnumerateObject().Select(m => m.Name));
            Assert.True(texts[i] == line.GetProperty("f").GetString(), $"seed {seed}, line {i}");
            Assert.Equal("m" + texts[i], line.GetProperty("message").GetString());
            Assert.Equal(i, line.GetProperty("outer").GetProperty("id").GetInt32());
            Assert.Equal("ztunnel::x", line.GetProperty("scope").GetString());
        }
    }

    [Fact]
    public void Levels_ChangeAtRunTime_ForExistingLoggers()
    {
        CollectingSink sink = new();
        using LogHub hub = Hub(sink, LogFormat.Plain);
        Logger access = hub.For("access");
        Logger other = hub.For("ztunnel::dns");
        Assert.True(access.IsEnabled(LogLevel.Info));
        Assert.False(access.IsEnabled(LogLevel.Debug));
        Assert.True(hub.Directives.TryAdd("access=off,ztunnel=debug", out LogDirectives? changed, out _));
        hub.Directives = changed;
        Assert.False(access.IsEnabled(LogLevel.Error));
        Assert.True(other.IsEnabled(LogLevel.Debug));
        access.Error("unseen");
        other.Debug("seen");
        Assert.True(hub.Flush(Limit));
        Assert.Single(sink.Lines);
    }

    [Fact]
    [Trait("behaviour", "ZT-265")]
    public void FullQueue_BlocksTheProducerAndDropsNothing()
    {
        CollectingSink sink = new();
        sink.Hold();
        using LogHub hub = new(new LogHubOptions { Sink = sink, QueueLines = 1, BlockLimit = TimeSpan.FromMinutes(5) });
        Logger log = hub.For("x");
        log.Info("in the writer's hands");
        Assert.True(sink.Entered.Wait(Limit));
        log.Info("in the queue");
        Thread second = new(() => log.Info("blocked"));
        second.Start();
        Assert.True(SpinWait.SpinUntil(() => hub.ProducersBlocked == 1, Limit));
        Assert.True(second.IsAlive);
        sink.Release();
        Assert.True(second.Join(Limit));
        Assert.True(hub.Flush(Limit));
        Assert.Equal(3, sink.Lines.Length);
        Assert.Equal(0, hub.LinesDropped);
    }

    [Fact]
    public void StalledOutput_LosesLinesInsteadOfTheProducer()
    {
        CollectingSink sink = new();
        sink.Hold();
        using LogHub hub = new(new LogHubOptions { Sink = sink, QueueLines = 1, BlockLimit = TimeSpan.FromMilliseconds(20) });
        Logger log = hub.For("x");
        log.Info("in the writer's hands");
        Assert.True(sink.Entered.Wait(Limit));
        for (int i = 0; i < 100; i++)
        {
            log.Info("line");
        }

        Assert.Equal(99, hub.LinesDropped);
        sink.Release();
        Assert.True(hub.Flush(Limit));
        log.Info("after");
        Assert.True(hub.Flush(Limit));
        Assert.Equal(3, sink.Lines.Length);
    }

    [Fact]
    [Trait("behaviour", "ZT-266")]
    public void TenThreads_WriteWholeLines()
    {
        CollectingSink sink = new();
        using LogHub hub = Hub(sink, LogFormat.Plain);
        Thread[] threads = [.. Enumerable.Range(0, 10).Select(t => new Thread(() =>
        {
            for (int i = 0; i < 500; i++)
            {
                hub.For("x").Info($"thread {t} line {i} end");
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.True(hub.Flush(Limit));
        Assert.Equal(5000, sink.Lines.Length);
        Assert.All(sink.Lines, line => Assert.Matches(@"\tx\tthread \d line \d+ end$", line));
        Assert.Equal(5000, sink.Lines.Select(l => l.Split('\t')[3]).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    [Trait("behaviour", "ZT-267")]
    public void PartialWrites_LoseAndRepeatNothing()
    {
        CollectingSink sink = new() { MostBytes = 7 };
        using LogHub hub = Hub(sink, LogFormat.Plain);
        for (int i = 0; i < 1000; i++)
        {
            hub.For("x").Info($"line {i}");
        }

        Assert.True(hub.Flush(Limit));
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"line {i}"), sink.Lines.Select(l => l.Split('\t')[3]));
    }

    [Fact]
    public void FailedOutput_IsCountedAndDoesNotEndTheWriter()
    {
        FailingSink sink = new();
        using LogHub hub = new(new LogHubOptions { Sink = sink });
        hub.For("x").Info("lost");
        Assert.True(hub.Flush(Limit));
        hub.For("x").Info("lost too");
        Assert.True(hub.Flush(Limit));
        Assert.Equal(2, hub.LinesDropped);
        Assert.Equal(0, hub.LinesWritten);
    }

    [Fact]
    public void DisabledLevel_AllocatesNothing()
    {
        using LogHub hub = LogHub.Discarding();
        Logger log = hub.For("x");
        log.Debug("warm", LogField.Of("a", 1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            log.Debug("m", LogField.Of("a", i), LogField.Of("b", "text"));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static LogHub Hub(ILogSink sink, LogFormat format) => new(new LogHubOptions { Sink = sink, Format = format, Time = new FixedTime() });

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 8, 20, 10, 0, 0, TimeSpan.Zero).AddTicks(1_234_567);
    }

    private sealed class FailingSink : ILogSink
    {
        public int Write(ReadOnlySpan<byte> lines) => throw new IOException("broken pipe");
    }
}

using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ambient.Cni.Agent.Plugins;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Cni.Agent.Tests.Plugins;

/// <summary>The socket for the plugin's log lines (cni-and-redirection.md 2.6).</summary>
public sealed class PluginLogsTests
{
    [Fact]
    [Trait("behaviour", "CNI-45")]
    [Trait("behaviour", "CNI-47")]
    public async Task LinesOfThePlugin_AreWrittenUnderItsName_WithLevelMessageAndKeys()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ambient-log-{Guid.NewGuid():N}.sock");
        var sink = new Lines();
        using (LogHub logs = Hub(sink))
        {
            await using var server = new PluginServer(new PluginServerOptions(path), new PluginLogs(logs.For("cni-plugin")).AnswerAsync, new MetricRegistry().AddCounter("r", "r", "response_code"), logs.For("test"));
            string[] sent = [.. new[] { "debug", "info", "warn", "error" }.Select(l => $$"""{"level":"{{l}}","time":"2026-01-02T03:04:05.6Z","scope":"default","msg":"a {{l}} line"}"""), """{"level":"info","time":"2026-01-02T03:04:05Z","msg":"with a key","key":"2"}"""];
            string body = JsonSerializer.Serialize(sent);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));

            // As Go's client writes it.
            await socket.SendAsync(Encoding.UTF8.GetBytes($"POST /log HTTP/1.1\r\nHost: unix\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: {body.Length}\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{body}"));
            byte[] answer = new byte[512];
            int read = await socket.ReceiveAsync(answer);
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", Encoding.UTF8.GetString(answer, 0, read), StringComparison.Ordinal);
        }

        Assert.Equal(["debug a debug line", "info a info line", "warn a warn line", "error a error line", "info with a key"], sink.Read().Select(l => $"{Level(l)} {l.GetProperty("message").GetString()}"));
        Assert.All(sink.Read(), l => Assert.Contains("cni-plugin", l.GetRawText(), StringComparison.Ordinal));
        Assert.All(sink.Read(), l => Assert.True(l.TryGetProperty("time", out _)));
        Assert.Equal("2", sink.Read()[^1].GetProperty("key").GetString());
    }

    [Fact]
    [Trait("behaviour", "CNI-46")]
    public async Task ExtraKeys_KeepTheirTypes_AndWhatCannotBeReadIsLeftOut()
    {
        var sink = new Lines();
        using (LogHub logs = Hub(sink))
        {
            var plugin = new PluginLogs(logs.For("cni-plugin"));
            string[] lines =
            [
                """{"level":"info","msg":"types","text":"x","whole":7,"part":1.5,"yes":true,"none":null,"list":[1, "a"],"map":{"a" : {"b":2}},"bad key\n":1}""",
                "not json", "[]", """{"level":"loud","msg":"unknown"}""", """{"msg":"no level"}""", """{"level":"info","msg":"\ud800"}""", """{"level":"warn","msg":"last"}""",
            ];
            Assert.Equal(200, (await plugin.AnswerAsync("POST", "/log", Encoding.UTF8.GetBytes(JsonSerializer.Serialize(lines)), CancellationToken.None)).Status);
            Assert.Equal(400, (await plugin.AnswerAsync("POST", "/log", "{}"u8.ToArray(), CancellationToken.None)).Status);
            Assert.Equal(400, (await plugin.AnswerAsync("POST", "/log", "garbage"u8.ToArray(), CancellationToken.None)).Status);
            Assert.Equal(404, (await plugin.AnswerAsync("POST", "/other", "[]"u8.ToArray(), CancellationToken.None)).Status);
            Assert.Equal(200, (await plugin.AnswerAsync("POST", "/log", "[7,null]"u8.ToArray(), CancellationToken.None)).Status);
        }

        JsonElement types = sink.Read()[0];
        Assert.Equal(("x", 7, 1.5, true), (types.GetProperty("text").GetString(), types.GetProperty("whole").GetInt32(), types.GetProperty("part").GetDouble(), types.GetProperty("yes").GetBoolean()));
        Assert.Equal("""[1,"a"]""", types.GetProperty("list").GetRawText());
        Assert.Equal("""{"a":{"b":2}}""", types.GetProperty("map").GetRawText());
        Assert.DoesNotContain("bad key", types.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(["types", "last"], sink.Read().Select(l => l.GetProperty("message").GetString()));
    }

    private static LogHub Hub(ILogSink sink)
    {
        Assert.True(LogDirectives.TryParse("trace", out LogDirectives? all, out _));
        return new LogHub(new LogHubOptions { Directives = all!, Sink = sink, Format = LogFormat.Json });
    }

    private static string? Level(JsonElement line) => line.GetProperty("level").GetString()?.ToLowerInvariant();

    private sealed class Lines : ILogSink
    {
        private readonly List<byte> _bytes = [];

        public int Write(ReadOnlySpan<byte> lines)
        {
            _bytes.AddRange(lines);
            return lines.Length;
        }

        public List<JsonElement> Read() => [.. Encoding.UTF8.GetString(_bytes.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.Clone())];
    }
}

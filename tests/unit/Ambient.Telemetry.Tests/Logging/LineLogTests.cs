using System.Text;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Tests.Logging;

public sealed class LineLogTests
{
    [Fact]
    public void AReaderThatStands_CostsLines_AndNobodyWaits()
    {
        using StandingSink sink = new();
        using LineLog log = new(sink, maxLines: 100, maxBytes: 1000);
        for (int i = 0; i < 10_000; i++)
        {
            log.Write("a line of 20 bytes.\n"u8);
        }

        // At most the queue, and what the writer has already taken.
        Assert.InRange(log.LinesDropped, 10_000 - 400, 9_999);
        sink.Go();
        Assert.True(log.Flush(TimeSpan.FromSeconds(20)));
        Assert.Equal(10_000, log.LinesWritten + log.LinesDropped);
        Assert.All(sink.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Equal("a line of 20 bytes.", line));
    }

    private sealed class StandingSink : ILogSink, IDisposable
    {
        private readonly ManualResetEventSlim _open = new();
        private readonly StringBuilder _text = new();

        public string Text => _text.ToString();

        public void Go() => _open.Set();

        public int Write(ReadOnlySpan<byte> lines)
        {
            _open.Wait();
            _text.Append(Encoding.UTF8.GetString(lines));
            return lines.Length;
        }

        public void Dispose() => _open.Dispose();
    }
}

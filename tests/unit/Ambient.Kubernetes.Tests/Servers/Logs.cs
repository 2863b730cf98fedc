using System.Collections.Concurrent;
using System.Text;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>A log whose lines a test can read.</summary>
public sealed class Logs : IDisposable
{
    private readonly LogHub _hub;
    private readonly Sink _sink = new();

    public Logs() => _hub = new LogHub(new LogHubOptions { Sink = _sink });

    public Logger Logger => _hub.For("test");

    public string Text => string.Concat(_sink.Parts);

    public int Count(string text) => Text.Split('\n').Count(l => l.Contains(text, StringComparison.Ordinal));

    public void Dispose() => _hub.Dispose();

    private sealed class Sink : ILogSink
    {
        public ConcurrentQueue<string> Parts { get; } = new();

        public int Write(ReadOnlySpan<byte> lines)
        {
            Parts.Enqueue(Encoding.UTF8.GetString(lines));
            return lines.Length;
        }
    }
}

using System.Buffers;

namespace Ambient.Telemetry.Logging;

/// <summary>
/// Lines that are finished when they come, such as those of an access log. Bounded in lines and in bytes; a line that finds no room is dropped and counted, so that
/// the one who logs never waits for the one who reads. Thread-safe.
/// </summary>
public sealed class LineLog : IDisposable
{
    private readonly LogQueue _queue;

    /// <summary>Starts the writer thread.</summary>
    public LineLog(ILogSink sink, int maxLines = 10_000, long maxBytes = 8 * 1024 * 1024) => _queue = new LogQueue(sink, maxLines, TimeSpan.Zero, maxBytes);

    /// <summary>Lines handed to the sink.</summary>
    public long LinesWritten => _queue.LinesWritten;

    /// <summary>Lines that found no room, or that the sink refused.</summary>
    public long LinesDropped => _queue.LinesDropped;

    /// <summary>Queues a line, with its line feed.</summary>
    public void Write(ReadOnlySpan<byte> line)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(line.Length);
        line.CopyTo(copy);
        _queue.Add(copy, line.Length);
    }

    /// <summary>Waits until every line queued so far was written; false when the limit passed first.</summary>
    public bool Flush(TimeSpan limit) => _queue.Flush(limit);

    /// <summary>Writes what is queued, for at most one second, and ends the writer thread.</summary>
    public void Dispose() => _queue.Dispose();
}

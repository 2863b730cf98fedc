namespace Ambient.Telemetry.Logging;

/// <summary>Standard output. The stream of the runtime retries EINTR, EAGAIN and short writes itself.</summary>
public sealed class StandardOutputSink : ILogSink, IDisposable
{
    private readonly Stream _stream = Console.OpenStandardOutput();

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> lines)
    {
        _stream.Write(lines);
        return lines.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}

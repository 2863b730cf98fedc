namespace Ambient.Telemetry.Logging;

/// <summary>
/// Standard output, or standard error. The stream of the runtime retries EINTR, EAGAIN and short writes itself. Several queues may write whole lines to it: they do
/// not mix.
/// </summary>
public sealed class StandardOutputSink(bool isError = false) : ILogSink, IDisposable
{
    private static readonly Lock Output = new();
    private static readonly Lock Error = new();

    private readonly Stream _stream = isError ? Console.OpenStandardError() : Console.OpenStandardOutput();

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> lines)
    {
        lock (isError ? Error : Output)
        {
            _stream.Write(lines);
        }

        return lines.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}

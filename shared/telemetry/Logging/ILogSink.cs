namespace Ambient.Telemetry.Logging;

/// <summary>Where finished lines go. Called by the writer thread alone.</summary>
public interface ILogSink
{
    /// <summary>Takes bytes and returns how many it took (at least one); the caller offers the rest again. May block.</summary>
    /// <exception cref="IOException">Nothing can be written any more; the lines are counted as lost.</exception>
    int Write(ReadOnlySpan<byte> lines);
}

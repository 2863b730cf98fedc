using System.Text;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Tests.Logging;

/// <summary>Keeps what was written; can be held up, and can take only some bytes at a time.</summary>
#pragma warning disable CA1001, CA2213 // The hub disposes its sink before the test has read it.
internal sealed class CollectingSink : ILogSink, IDisposable
{
    private readonly MemoryStream _bytes = new();
    private readonly ManualResetEventSlim _open = new(initialState: true);

    public int MostBytes { get; init; } = int.MaxValue;

    public ManualResetEventSlim Entered { get; } = new();

    public string Text
    {
        get
        {
            lock (_bytes)
            {
                return Encoding.UTF8.GetString(_bytes.ToArray());
            }
        }
    }

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public void Hold() => _open.Reset();

    public void Release() => _open.Set();

    public void Dispose()
    {
        _open.Set();
    }

    public int Write(ReadOnlySpan<byte> lines)
    {
        Entered.Set();
        _open.Wait();
        int taken = Math.Min(lines.Length, MostBytes);
        lock (_bytes)
        {
            _bytes.Write(lines[..taken]);
        }

        return taken;
    }
}

using System.Text;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Tests.Observation;

/// <summary>Keeps log lines.</summary>
internal sealed class LineSink : ILogSink
{
    private readonly StringBuilder _text = new();

    public string[] Lines
    {
        get
        {
            lock (_text)
            {
                return _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }
        }
    }

    public int Write(ReadOnlySpan<byte> lines)
    {
        lock (_text)
        {
            _text.Append(Encoding.UTF8.GetString(lines));
        }

        return lines.Length;
    }
}

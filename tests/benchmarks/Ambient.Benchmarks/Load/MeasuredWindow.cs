using System.Diagnostics;

namespace Ambient.Benchmarks.Load;

/// <summary>Warm-up (the same for everybody; a runtime that compiles what is hot needs a second), then the measured window. Prints START and END at its edges, where the harness samples the CPU of the proxies.</summary>
internal sealed class MeasuredWindow
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private readonly long _start;
    private readonly long _end;
    private bool _started;

    public MeasuredWindow(TimeSpan duration)
    {
        long now = Stopwatch.GetTimestamp();
        _start = now + (long)(WarmUp.TotalSeconds * Stopwatch.Frequency);
        _end = _start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
    }

    /// <summary>Raised once, when the warm-up is over.</summary>
    public event Action? Started;

    /// <summary>Seconds measured.</summary>
    public double Seconds { get; private set; }

    /// <summary>Looks at the clock; false when the window is over.</summary>
    public bool Continue()
    {
        long now = Stopwatch.GetTimestamp();
        if (!_started && now >= _start)
        {
            _started = true;
            Started?.Invoke();
            Console.WriteLine("START");
            Console.Out.Flush();
        }

        if (now < _end)
        {
            return true;
        }

        Console.WriteLine("END");
        Console.Out.Flush();
        Seconds = (now - _start) / (double)Stopwatch.Frequency;
        return false;
    }

    /// <summary>Prints the result as one line of JSON; names and values alternate.</summary>
    public void Print(params ReadOnlySpan<(string Name, double Value)> values)
    {
        System.Text.StringBuilder line = new("{");
        foreach ((string name, double value) in values)
        {
            line.Append(System.Globalization.CultureInfo.InvariantCulture, $"\"{name}\":{value:0.###},");
        }

        line.Append(System.Globalization.CultureInfo.InvariantCulture, $"\"seconds\":{Seconds:0.####}}}");
        Console.WriteLine(line.ToString());
    }
}

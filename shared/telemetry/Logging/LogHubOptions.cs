namespace Ambient.Telemetry.Logging;

/// <summary>How a <see cref="LogHub"/> works. Immutable.</summary>
public sealed record LogHubOptions
{
    /// <summary>Levels at start; <c>/logging?reset</c> returns to them.</summary>
    public LogDirectives Directives { get; init; } = LogDirectives.Default;

    /// <summary>Shape of the lines.</summary>
    public LogFormat Format { get; init; } = LogFormat.Plain;

    /// <summary>Where the lines go; standard output when null.</summary>
    public ILogSink? Sink { get; init; }

    /// <summary>Clock for the time of a line.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Lines that may wait for the writer; a producer that finds the queue full blocks.</summary>
    public int QueueLines { get; init; } = 10_000;

    /// <summary>
    /// How long a producer blocks on a full queue before its line is dropped and counted. A reader of our output that has
    /// stalled for this long must not stop the data path for ever.
    /// </summary>
    public TimeSpan BlockLimit { get; init; } = TimeSpan.FromSeconds(5);
}

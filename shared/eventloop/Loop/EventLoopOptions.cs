namespace Ambient.EventLoop;

/// <summary>How a loop is made. Immutable.</summary>
public sealed record EventLoopOptions
{
#if DEBUG
    private const int UsualEventsPerTurn = 8;
#else
    private const int UsualEventsPerTurn = 256;
#endif

    /// <summary>Its number among the loops of the process.</summary>
    public int Index { get; init; }

    /// <summary>Events taken from the kernel per turn. Debug builds take 8, so that the seams between turns are tested.</summary>
    public int EventsPerTurn { get; init; } = UsualEventsPerTurn;

    /// <summary>The clock; tests bring their own.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Buffers of native memory kept for reuse.</summary>
    public BufferPoolOptions Buffers { get; init; } = new();

    /// <summary>Told of each exception that escaped a handler: name of the loop, type of the handler, exception. Called on the loop; must not throw.</summary>
    public Action<string, string, Exception>? FaultSink { get; init; }
}

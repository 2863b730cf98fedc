namespace Ambient.EventLoop;

/// <summary>How much native memory a loop keeps for reuse. Immutable.</summary>
public sealed record BufferPoolOptions
{
    /// <summary>Usable bytes of a big buffer: one system call's worth of bulk (64 KiB cost 18 % more, performance.md 5).</summary>
    public int BigSize { get; init; } = 256 * 1024;

    /// <summary>Usable bytes of a small buffer: one TLS record's worth.</summary>
    public int SmallSize { get; init; } = 16 * 1024;

    /// <summary>Big buffers kept.</summary>
    public int BigKept { get; init; } = 16;

    /// <summary>Small buffers kept.</summary>
    public int SmallKept { get; init; } = 64;
}

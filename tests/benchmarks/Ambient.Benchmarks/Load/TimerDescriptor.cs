using System.Runtime.InteropServices;

namespace Ambient.Benchmarks.Load;

/// <summary>A periodic timerfd: the loop's own timers are too coarse for an open-loop generator.</summary>
internal static partial class TimerDescriptor
{
    private const int ClockMonotonic = 1;
    private const int NonBlocking = 0x800;

    /// <summary>Opens a timer that expires each <paramref name="period"/>.</summary>
    public static int Open(TimeSpan period)
    {
        int descriptor = timerfd_create(ClockMonotonic, NonBlocking);
        long nanoseconds = (long)(period.TotalSeconds * 1e9);
        ReadOnlySpan<long> times = [nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000, 0, nanoseconds];
        if (descriptor < 0 || timerfd_settime(descriptor, 0, times, 0) != 0)
        {
            throw new InvalidOperationException("timerfd failed");
        }

        return descriptor;
    }

    /// <summary>Reads the number of expirations, so that the next one is an event again.</summary>
    public static void Acknowledge(int descriptor, Span<byte> eight) => read(descriptor, eight, 8);

    [LibraryImport("libc")]
    private static partial int timerfd_create(int clock, int flags);

    [LibraryImport("libc")]
    private static partial int timerfd_settime(int descriptor, int flags, ReadOnlySpan<long> value, nint old);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, Span<byte> buffer, nint count);
}

using Ambient.Linux.Descriptors;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Accepting;

/// <summary>
/// Keeps the last descriptors for tunnels, certificates and operators: listeners stop before none is left, and their callers wait in the
/// kernel's queue instead of being accepted and refused. Descriptors are given out lowest first, so that a high one tells. Thread-safe.
/// </summary>
internal sealed class DescriptorReserve
{
    private const int MaxReserve = 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly long _limit;
    private readonly long _ceiling;
    private readonly Logger _log;
    private readonly TimeProvider _clock;
    private long _lastSaid = long.MinValue;

    /// <summary>An eighth of the limit of open files, at most 1 024, is kept.</summary>
    public DescriptorReserve(long limit, Logger log, TimeProvider clock)
    {
        _limit = limit;
        _ceiling = limit - Math.Min(limit / 8, MaxReserve);
        _log = log;
        _clock = clock;
    }

    /// <summary>Whether a descriptor that was just given out is one of the last.</summary>
    public bool IsTouchedBy(int descriptor) => descriptor >= _ceiling;

    /// <summary>Whether there is one below the reserve by now.</summary>
    /// <param name="open">Any open descriptor, for the probe.</param>
    public bool HasRoom(int open) => FileDescriptor.LowestFree(open) is { IsError: false } free && free.Value < _ceiling;

    /// <summary>Says that callers wait: one line in ten seconds for the whole process.</summary>
    public void SayPaused()
    {
        long now = _clock.GetTimestamp();
        long last = Interlocked.Read(ref _lastSaid);
        if ((last == long.MinValue || _clock.GetElapsedTime(last, now) >= Interval) && Interlocked.CompareExchange(ref _lastSaid, now, last) == last)
        {
            _log.Warn("new connections wait: descriptors have nearly run out; raise the limit of open files", LogField.Of("limit", _limit));
        }
    }
}

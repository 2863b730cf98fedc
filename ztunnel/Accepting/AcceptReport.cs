using Ambient.Linux;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Accepting;

/// <summary>Tells operators that callers wait because a resource has run out: one line in ten seconds for the whole process. Thread-safe.</summary>
internal sealed class AcceptReport(Logger log, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private long _last = long.MinValue;

    /// <summary>A listener pauses; what <c>accept</c> said.</summary>
    public void Paused(SysResult error)
    {
        long now = clock.GetTimestamp();
        long last = Interlocked.Read(ref _last);
        if ((last == long.MinValue || clock.GetElapsedTime(last, now) >= Interval) && Interlocked.CompareExchange(ref _last, now, last) == last)
        {
            log.Warn("new connections wait: accept failed; raise the limit of open files, or of memory", LogField.Of("error", error.ToString()));
        }
    }
}

using Ambient.Linux.Native;

namespace Ambient.Linux.Proc;

/// <summary>RLIMIT_NOFILE of this process. Thread-safe.</summary>
public static unsafe class OpenFileLimit
{
    /// <summary>Raises the soft limit to the hard one; returns what is in force afterwards. A failure leaves the old limit.</summary>
    public static long Raise()
    {
        Libc.rlimit limit = default;
        if (SysResult.From(Libc.getrlimit(Libc.RLIMIT_NOFILE, &limit)).IsError)
        {
            return 0;
        }

        if (limit.rlim_cur < limit.rlim_max)
        {
            Libc.rlimit raised = limit with { rlim_cur = limit.rlim_max };
            if (!SysResult.From(Libc.setrlimit(Libc.RLIMIT_NOFILE, &raised)).IsError)
            {
                limit = raised;
            }
        }

        return (long)Math.Min(limit.rlim_cur, long.MaxValue);
    }
}

using Ambient.Linux.Native;

namespace Ambient.Linux.Proc;

/// <summary>Sends signals to processes. Thread-safe.</summary>
public static class ProcessSignal
{
    /// <summary>SIGINT.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    /// <summary>Sends one signal to one process; ESRCH when it is gone. Only positive ids: a group is never meant.</summary>
    public static SysResult Send(int processId, int signal) =>
        processId <= 0 ? SysResult.Failure(Errno.EINVAL) : SysResult.From(Libc.kill(processId, signal));
}

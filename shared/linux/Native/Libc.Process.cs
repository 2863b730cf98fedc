using System.Runtime.InteropServices;

namespace Ambient.Linux.Native;

/// <summary>sched.h, signal.h, malloc.h and sys/resource.h: imports and constants only.</summary>
internal static unsafe partial class Libc
{
    public const int CLONE_NEWNET = 0x40000000;
    public const int RLIMIT_NOFILE = 7;
    public const int M_ARENA_MAX = -8;

    [StructLayout(LayoutKind.Sequential)]
    public struct rlimit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setns(int fd, int type);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getrlimit(int resource, rlimit* limit);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setrlimit(int resource, rlimit* limit);

    [LibraryImport(Library)]
    public static partial int mallopt(int parameter, int value);

    [LibraryImport(Library)]
    public static partial int malloc_trim(nuint pad);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int kill(int pid, int sig);
}

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

    // linux/mount.h and asm-generic/unistd.h: the same numbers on every architecture. The C library has names for them since 2.36 only.
    public const nint SYS_fsopen = 430, SYS_fsconfig = 431, SYS_fsmount = 432;
    public const uint FSOPEN_CLOEXEC = 1, FSMOUNT_CLOEXEC = 1, FSCONFIG_CMD_CREATE = 6;
    public const uint MOUNT_ATTR_NOSUID = 2, MOUNT_ATTR_NODEV = 4, MOUNT_ATTR_NOEXEC = 8;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint fsopen(nint number, byte* type, nuint flags);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint fsconfig(nint number, nint context, nuint command, byte* key, void* value, nint auxiliary);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint fsmount(nint number, nint context, nuint flags, nuint attributes);
}

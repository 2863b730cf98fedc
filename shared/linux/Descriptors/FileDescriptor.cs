using System.Runtime.InteropServices;
using Ambient.Linux.Native;

namespace Ambient.Linux.Descriptors;

/// <summary>An owned file descriptor outside the loops; closed exactly once. Thread-safe as every SafeHandle.</summary>
public sealed class FileDescriptor : SafeHandle
{
    private const int LowNumbers = 1024;

    // As many as the kernel has room for without an enlargement.
    private const int PlentyNumbers = 64;

    /// <summary>Takes ownership of an open descriptor.</summary>
    public FileDescriptor(int number)
        : base(-1, ownsHandle: true) => SetHandle(number);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The plain number; valid while this object is neither disposed nor collected.</summary>
    public int Number => (int)handle;

    /// <summary>Opens a file read-only and close-on-exec. Throws <see cref="LinuxException"/>.</summary>
    public static unsafe FileDescriptor OpenRead(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        byte[] name = NativeText.ZeroTerminated(path);
        fixed (byte* p = name)
        {
            while (true)
            {
                SysResult opened = SysResult.From(Libc.open(p, Libc.O_RDONLY | Libc.O_CLOEXEC, 0));
                if (!opened.Is(Errno.EINTR))
                {
                    return new FileDescriptor((int)opened.OrThrow("open", path));
                }
            }
        }
    }

    /// <summary>A second descriptor for the same open file, close-on-exec. Throws <see cref="LinuxException"/>.</summary>
    public FileDescriptor Duplicate() =>
        new((int)SysResult.From(Libc.fcntl(Number, Libc.F_DUPFD_CLOEXEC, 3)).OrThrow("fcntl F_DUPFD_CLOEXEC", "fd " + Number));

    /// <summary>The number that the process would give out next: it is taken for a moment. EMFILE when there is none.</summary>
    /// <param name="open">Any open descriptor.</param>
    public static SysResult LowestFree(int open)
    {
        SysResult probe = SysResult.From(Libc.fcntl(open, Libc.F_DUPFD_CLOEXEC, 0));
        if (!probe.IsError)
        {
            _ = Libc.close((int)probe.Value);
        }

        return probe;
    }

    /// <summary>
    /// The same open file behind a number of 1024 or more, where the limit allows; this object is spent then. As long as low numbers are plenty it stays: the
    /// first high one makes the kernel enlarge the table of descriptors, and in a process with threads that waits for every processor, 5 to 10 ms.
    /// </summary>
    internal FileDescriptor MovedUp()
    {
        if (Number < PlentyNumbers)
        {
            return this;
        }

        SysResult moved = SysResult.From(Libc.fcntl(Number, Libc.F_DUPFD_CLOEXEC, LowNumbers));
        if (moved.IsError)
        {
            return this;
        }

        Dispose();
        return new FileDescriptor((int)moved.Value);
    }

    /// <summary>Gives the number away: this object will not close it any more.</summary>
    public int TakeNumber()
    {
        int number = Number;
        SetHandleAsInvalid();
        return number;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}

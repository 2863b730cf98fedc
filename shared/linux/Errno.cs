namespace Ambient.Linux;

/// <summary>Error numbers of errno.h (asm-generic, equal on x86-64 and arm64). <c>default</c> means "no error".</summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such file or directory.</summary>
    ENOENT = 2,

    /// <summary>No such process.</summary>
    ESRCH = 3,

    /// <summary>Interrupted by a signal; never seen outside the wrappers.</summary>
    EINTR = 4,

    /// <summary>Input/output error.</summary>
    EIO = 5,

    /// <summary>No such device or address.</summary>
    ENXIO = 6,

    /// <summary>Bad file descriptor.</summary>
    EBADF = 9,

    /// <summary>Nothing now; try again when the descriptor is ready.</summary>
    EAGAIN = 11,

    /// <summary>Out of memory.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>Bad address.</summary>
    EFAULT = 14,

    /// <summary>Device or resource busy.</summary>
    EBUSY = 16,

    /// <summary>File exists.</summary>
    EEXIST = 17,

    /// <summary>No such device.</summary>
    ENODEV = 19,

    /// <summary>Not a directory.</summary>
    ENOTDIR = 20,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>Too many open files in the system.</summary>
    ENFILE = 23,

    /// <summary>Too many open files in this process.</summary>
    EMFILE = 24,

    /// <summary>No space left on device.</summary>
    ENOSPC = 28,

    /// <summary>The other end does not read any more.</summary>
    EPIPE = 32,

    /// <summary>Name too long.</summary>
    ENAMETOOLONG = 36,

    /// <summary>The kernel does not have this system call.</summary>
    ENOSYS = 38,

    /// <summary>Protocol error.</summary>
    EPROTO = 71,

    /// <summary>Not a socket.</summary>
    ENOTSOCK = 88,

    /// <summary>Message too long.</summary>
    EMSGSIZE = 90,

    /// <summary>Protocol option not available.</summary>
    ENOPROTOOPT = 92,

    /// <summary>Operation not supported.</summary>
    EOPNOTSUPP = 95,

    /// <summary>Address family not supported.</summary>
    EAFNOSUPPORT = 97,

    /// <summary>Address already in use.</summary>
    EADDRINUSE = 98,

    /// <summary>Address not available on this machine.</summary>
    EADDRNOTAVAIL = 99,

    /// <summary>Network is down.</summary>
    ENETDOWN = 100,

    /// <summary>Network is unreachable.</summary>
    ENETUNREACH = 101,

    /// <summary>Connection aborted.</summary>
    ECONNABORTED = 103,

    /// <summary>Connection reset by the peer.</summary>
    ECONNRESET = 104,

    /// <summary>No buffer space.</summary>
    ENOBUFS = 105,

    /// <summary>Already connected.</summary>
    EISCONN = 106,

    /// <summary>Not connected.</summary>
    ENOTCONN = 107,

    /// <summary>Timed out.</summary>
    ETIMEDOUT = 110,

    /// <summary>Connection refused.</summary>
    ECONNREFUSED = 111,

    /// <summary>Host is down.</summary>
    EHOSTDOWN = 112,

    /// <summary>No route to host.</summary>
    EHOSTUNREACH = 113,

    /// <summary>Already in progress.</summary>
    EALREADY = 114,

    /// <summary>A non-blocking connect is under way.</summary>
    EINPROGRESS = 115,
}
